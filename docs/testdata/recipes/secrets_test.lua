local test = require "spectrum.test"

test.case("a token is fetched once", function(t)
  t:start { config = { secrets = { api_key = "k3y" } } }
  local alice = t:login { password = "hunter22" }
  alice:expect("connected")
  local line = t:log("a new token")
  t.falsy(line:find("hunter22", 1, true) or line:find("k3y", 1, true))
  alice:logout()
  alice = t:login { password = "" } -- the token replaces it
  alice:expect("connected")
end)

test.case("a wrong password", function(t)
  t:start { config = { secrets = { api_key = "k3y" } } }
  t:login { password = "" }:expect("disconnected", { error = "authentication_failed" })
end)

test.case("the script does not load without a key", function(t)
  t.error(function() t:start() end, "api_key is not set")
end)
