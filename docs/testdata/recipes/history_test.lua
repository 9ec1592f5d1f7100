local test = require "spectrum.test"

test.case("each old message is shown once, with its time", function(t)
  local alice = t:login()
  alice:expect("connected")
  alice:expect("conv_message", { message = "is anybody there?", timestamp = "20260131T115800" })
  alice:expect("conv_message", { message = "good night", timestamp = "20260131T115930" })
  t:settle()
  alice:logout()
  alice = t:login()
  alice:expect("connected")
  t:settle()
  alice:never()
end)
