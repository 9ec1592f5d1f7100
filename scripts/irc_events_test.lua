-- irc_events_test.lua: the events that the modules of irc.lua send each other.

local test = require "spectrum.test"
local events = require "irc.events"

test.script "irc.lua"

test.case("an error in a handler is logged, and neither stops later handlers nor ends the session", function(t)
  local called, options, text = false, nil, nil
  events.add_all {
    {
      events = {
        broken = function()
          error "a mistake"
        end,
      },
    },
    {
      events = {
        broken = function()
          called = true
        end,
      },
    },
  }
  local session = {
    spawn = function(_, given, _, message)
      options, text = given, message
    end,
  }
  events.emit("broken", session, {})
  t.truthy(called)
  t.equal(options.on_error, "log")
  t.truthy(text:find("a mistake", 1, true))
end)
