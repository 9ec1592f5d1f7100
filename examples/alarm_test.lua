-- alarm_test.lua: the tests move the clock, so they do not wait for the tea.

local test = require "spectrum.test"

local function said(user, text)
  user:expect("conv_message", { buddy_name = "clock", message = text })
end

test.case("an alarm rings at its time", function(t)
  local alice = t:login()
  alice:say("clock", "tea 3")
  said(alice, "tea in 3 min.")
  t:advance(170)
  alice:never("conv_message")
  t:advance(10)
  said(alice, "tea!")
end)

test.case("several alarms ring, each at its time", function(t)
  local alice = t:login()
  alice:say("clock", "bread 40")
  alice:say("clock", "tea 3")
  t:advance(3600)
  t.equal({
    alice:expect("conv_message", { message = t.pattern "!$" }).message,
    alice:expect("conv_message", { message = t.pattern "!$" }).message,
  }, { "tea!", "bread!" })
end)

test.case("an alarm of the same name replaces the first", function(t)
  local alice = t:login()
  alice:say("clock", "tea 3")
  t:advance(120)
  alice:say("clock", "tea 3")
  t:advance(120)
  alice:never("conv_message", { message = "tea!" })
  t:advance(60)
  said(alice, "tea!")
  t:advance(600)
  alice:never("conv_message", { message = "tea!" })
end)

test.case("a logout ends the alarms", function(t)
  local alice = t:login()
  alice:say("clock", "tea 3")
  said(alice, "tea in 3 min.")
  alice:logout()
  local again = t:login()
  t:advance(600)
  again:never("conv_message")
end)

test.case("other messages are answered with an example", function(t)
  local alice = t:login()
  alice:say("clock", "hello")
  alice:expect("conv_message", { message = t.pattern "For example: tea 3" })
end)
