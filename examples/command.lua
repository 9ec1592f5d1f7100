-- command.lua: a network that a command-line program speaks for us, one program
-- for each user. It teaches spectrum.process: start it, read what it prints in
-- a task, write to its input. The program here is `bc`, a calculator; what the
-- user writes to the contact `calculator` goes in, what it prints comes back.

local spectrum = require "spectrum"
local process = require "spectrum.process"

spectrum.backend_config { registration = { needPassword = false } }

local program = spectrum.config.get("command.program", "bc")

local on = {}

local function say(session, text)
  session:conv_message { buddy_name = "calculator", message = text }
end

-- Both outputs are read, in a task each: a program whose errors nobody reads
-- stops when the pipe is full.
local function read_results(session, p)
  local line = p:read_line()
  while line do
    say(session, line)
    line = p:read_line()
  end
  say(session, "The program has ended: " .. tostring(p:wait() or select(2, p:wait())))
end

local function read_errors(session, p)
  local line = p:read_error_line()
  while line do
    say(session, "Error: " .. line)
    line = p:read_error_line()
  end
end

local function start(session)
  local p, why = process.start { program }
  if not p then
    return nil, why
  end
  session.data.program = p
  session:spawn("results", read_results, session, p)
  session:spawn("errors", read_errors, session, p)
  return p
end

function on.login(session)
  local p, why = start(session)
  if not p then
    session:disconnected { error = "invalid_settings", message = why }
    return
  end
  session:connected()
  session:buddy_changed { buddy_name = "calculator", alias = "Calculator", status = "online" }
end

function on.conv_message(session, m)
  if session.data.program:write(m.message, "\n") then
    return
  end
  local p, why = start(session) -- it has ended: another one
  if not p then
    say(session, why)
    return
  end
  p:write(m.message, "\n")
end

return on
