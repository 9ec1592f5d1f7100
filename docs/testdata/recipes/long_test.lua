local test = require "spectrum.test"

test.case("a text is split at a space", function(t)
  local alice = t:login()
  alice:expect("connected")
  local text = ("Жук "):rep(99) .. "Жук\nshort"
  alice:say("carol", text)
  local first = alice:expect("conv_message").message
  local second = alice:expect("conv_message").message
  t.equal(first .. " " .. second .. "\n" .. alice:expect("conv_message").message, text)
  t.truthy(#first <= 400 and #second <= 400)
  alice:never()
end)

test.case("a text without spaces is split between characters", function(t)
  local alice = t:login()
  alice:expect("connected")
  alice:say("carol", "a" .. ("ж"):rep(300))
  t.equal(alice:expect("conv_message").message, "a" .. ("ж"):rep(199))
  t.equal(alice:expect("conv_message").message, ("ж"):rep(101))
end)
