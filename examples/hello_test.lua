-- hello_test.lua: a first test. `spectrum2-lua test examples/hello_test.lua` runs it.

local test = require "spectrum.test"

test.case("the contact is online", function(t)
  local alice = t:login()
  alice:expect("connected")
  alice:expect("buddy_changed", { buddy_name = "hello", status = "online" })
end)

test.case("the contact greets the user", function(t)
  local alice = t:login { legacy_name = "Alice" }
  alice:say("hello", "good day")
  alice:expect("conv_message", { buddy_name = "hello", message = "Hello, Alice! You wrote: good day" })
end)

test.case("other contacts do not answer", function(t)
  local alice = t:login()
  alice:say("nobody", "good day")
  alice:never("conv_message")
end)
