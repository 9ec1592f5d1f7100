-- counted_test.lua: the echo works for short and long messages, and for several users.

local test = require "spectrum.test"

test.case("messages come back", function(t)
  local alice, bob = t:login("alice@localhost"), t:login("bob@localhost")
  for _, text in ipairs { "hello", ("x"):rep(600) } do
    alice:say("echo", text)
    alice:expect("conv_message", { buddy_name = "echo", message = text })
  end
  bob:logout()
  alice:say("echo", "still there")
  alice:expect("conv_message", { buddy_name = "echo", message = "still there" })
end)
