-- command_test.lua: a program of our own in place of `bc`.

local test = require "spectrum.test"
local process = require "spectrum.process"

-- It answers what it is told, complains about `bad`, and ends at `quit`.
local PROGRAM = [[
#!/bin/sh
while read -r line; do
  case $line in
    quit) exit 3 ;;
    bad) echo oops >&2 ;;
    *) echo "= $line" ;;
  esac
done
]]

-- Writes the program into the case's folder.
local function program(t)
  local path = t.folder .. "/program"
  local file = assert(io.open(path, "w"))
  file:write(PROGRAM)
  file:close()
  assert(process.start { "chmod", "+x", path }):wait()
  return path
end

test.config { command = { program = program } }

local function said(user, text)
  user:expect("conv_message", { buddy_name = "calculator", message = text })
end

test.case("what is written goes in, what is printed comes back", function(t)
  local alice = t:login()
  alice:expect("connected")
  alice:say("calculator", "6 * 7")
  said(alice, "= 6 * 7")
  alice:say("calculator", "bad")
  said(alice, "Error: oops")
end)

test.case("each user has a program", function(t)
  local alice, bob = t:login "alice@localhost", t:login "bob@localhost"
  alice:say("calculator", "quit")
  said(alice, "The program has ended: 3")
  bob:say("calculator", "1")
  said(bob, "= 1")
end)

test.case("one that has ended is started again", function(t)
  local alice = t:login()
  alice:say("calculator", "quit")
  said(alice, "The program has ended: 3")
  alice:say("calculator", "2")
  said(alice, "= 2")
end)

test.case("one that is not there is told of", function(t)
  t:start { config = { command = { program = "/nonexistent/program" } } }
  t:login():expect("disconnected", { error = "invalid_settings", message = t.pattern "no such file" })
end)
