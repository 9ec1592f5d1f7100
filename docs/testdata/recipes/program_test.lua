local test = require "spectrum.test"

test.case("the program counts words", function(t)
  local alice = t:login()
  alice:expect("connected")
  alice:say("wc", "three words here; $(touch nothing)")
  alice:expect("conv_message", { message = "5 words" })
end)
