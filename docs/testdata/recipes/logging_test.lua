local test = require "spectrum.test"

test.case("the log has no private data", function(t)
  local alice = t:login { password = "hunter22" }
  alice:expect("connected")
  local line = t:log("login")
  t.falsy(line:find("hunter22", 1, true))
  alice:say("carol", "private")
  alice:expect("conv_message")
  line = t:log("a message")
  t.falsy(line:find("private", 1, true))
  alice:send("status_changed", { status = "away", status_message = "private" })
  line = t:log("the status was not set")
  t.falsy(line:find("private", 1, true))
end)
