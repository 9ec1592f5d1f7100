local test = require "spectrum.test"

test.config { rate = { pause = 60 } } -- a busy machine does not reach it in real time

test.case("messages are sent one at a time", function(t)
  local alice = t:login()
  alice:expect("connected")
  for i = 1, 3 do
    alice:say("carol", "message " .. i)
  end
  alice:expect("conv_message", { message = "message 1" })
  alice:never("conv_message")
  t:advance(60)
  alice:expect("conv_message", { message = "message 2" })
  alice:never("conv_message")
  t:advance(60)
  alice:expect("conv_message", { message = "message 3" })
end)

test.case("too many messages are refused", function(t)
  local alice = t:login()
  for i = 1, 110 do
    alice:say("carol", tostring(i))
  end
  alice:expect("conv_message", { message = t.pattern "^Too many messages. Not sent: " })
end)
