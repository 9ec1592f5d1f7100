-- command_test.lua: a program of the test replaces `bc`.

local test = require "spectrum.test"
local process = require "spectrum.process"

-- The program repeats each line, reports an error for `bad`, and ends at `quit`.
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

test.case("messages go to the program, and its output comes back", function(t)
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

test.case("a program that has ended is started again", function(t)
  local alice = t:login()
  alice:say("calculator", "quit")
  said(alice, "The program has ended: 3")
  alice:say("calculator", "2")
  said(alice, "= 2")
end)

test.case("a missing program refuses the login", function(t)
  t:start { config = { command = { program = "/nonexistent/program" } } }
  t:login():expect("disconnected", { error = "invalid_settings", message = t.pattern "no such file" })
end)
