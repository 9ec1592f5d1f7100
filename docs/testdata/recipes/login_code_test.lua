local test = require "spectrum.test"

test.case("the code of an SMS", function(t)
  local alice = t:login()
  t.equal(alice:answer("SMS"), "How do you want to get the code?")
  t.equal(alice:answer("1"), "The code:")
  alice:notice("This code is wrong.")
  alice:answer("1234")
  alice:expect("connected")
  alice:command("forget")
  alice:notice("Forgotten.")
end)

test.case("three wrong codes", function(t)
  local alice = t:login()
  alice:answer("call")
  for _ = 1, 3 do alice:answer("0") end
  alice:expect("disconnected", { error = "authentication_failed", message = "No login: three wrong codes" })
end)

test.case("a QR code", function(t)
  local alice = t:login()
  alice:answer("3")
  alice:answer("done")
  alice:expect("connected")
end)

test.case("no answer", function(t)
  local alice = t:login()
  alice:answer("/cancel")
  alice:expect("disconnected", { message = "No login: cancelled" })
end)

test.case("under Spectrum", function(t)
  t:start { home = "spectrum" }
  local alice = t:login()
  alice:answer("SMS")
  alice:answer("1234")
  alice:expect("connected")
end)
