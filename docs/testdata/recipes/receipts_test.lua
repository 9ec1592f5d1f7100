local test = require "spectrum.test"

test.case("the receipt follows when the message has arrived", function(t)
  t:expect("backend_config")
  local alice = t:login()
  alice:expect("connected")
  alice:send("conv_message", { buddy_name = "carol", message = "one", id = "x1" })
  t:settle()
  t:advance(1)
  alice:expect("conv_message_ack", { buddy_name = "carol", id = "x1" })
  alice:never()
end)
