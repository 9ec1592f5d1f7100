-- command.lua: a network behind a command-line program, with one program per user. It
-- teaches spectrum.process: start a program, read its output in a task, and write to
-- its input. The program here is the calculator `bc`. It gets the messages that the user
-- writes to the contact `calculator`, and its output becomes messages to the user.

local spectrum = require "spectrum"
local process = require "spectrum.process"

spectrum.backend_config { registration = { needPassword = false } }

local program = spectrum.config.get("command.program", "bc")

local on = {}

local function say(session, text)
  session:conv_message { buddy_name = "calculator", message = text }
end

-- Two tasks read the output and the error output. A program stops if the pipe of its
-- error output is full.
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
  local p, why = start(session) -- the program has ended: start a new one
  if not p then
    say(session, why)
    return
  end
  p:write(m.message, "\n")
end

return on
