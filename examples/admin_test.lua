-- admin_test.lua: the script's own settings, and messages without a user.

local test = require "spectrum.test"

test.config { admin = { user = { "alice@localhost", "bob@localhost" } } }

test.case("users who are not admins are refused", function(t)
  local carol = t:login "carol@localhost"
  carol:expect("disconnected", { error = "authentication_failed" })
end)

test.case("the admin who sent the command gets its answer", function(t)
  local alice, bob = t:login "alice@localhost", t:login "bob@localhost"
  alice:say("spectrum", "status")
  t:expect("query", { config = "status" })
  bob:say("spectrum", "uptime")
  t:expect("query", { config = "uptime" })
  t:send("query", { config = "Running (2 users connected)" })
  t:send("query", { config = "1234" })
  alice:expect("conv_message", { buddy_name = "spectrum", message = "Running (2 users connected)" })
  bob:expect("conv_message", { buddy_name = "spectrum", message = "1234" })
end)

test.case("other commands are not sent to Spectrum", function(t)
  local alice = t:login()
  alice:say("spectrum", "online_users")
  alice:expect("conv_message", { message = t.pattern "^There are status" })
  t:never("query")
end)

test.case("the greeting is a setting", function(t)
  t:start { config = { admin = { greeting = "At your service" } } }
  t:login():expect("buddy_changed", { buddy_name = "spectrum", status_message = "At your service" })
end)

test.case("the script does not load without an admin", function(t)
  t.error(function()
    t:start { config = { admin = { user = {} } } }
  end, "nobody is named in %[admin%] user")
end)
