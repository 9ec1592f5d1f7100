local test = require "spectrum.test"

test.case("two users, one connection, also through a reload", function(t)
  local peer = t:serve(function(conn)
    conn:expect_line("^FROM alice hello TO bob x$")
    conn:write_line("TO bob psst")
    conn:expect_line("^FROM bob yes$")
    conn:write_line("TO alice bye")
    conn:expect_close(30)
  end)
  t:start { config = { shared = { server = peer.address } } }
  local alice, bob = t:login "alice@localhost", t:login "bob@localhost"
  alice:expect("connected")
  bob:expect("connected")
  t:log("the network is connected")
  alice:say("network", "hello\nTO bob x")
  bob:expect("conv_message", { message = "psst" })
  t:reload()
  bob:say("network", "yes")
  alice:expect("conv_message", { message = "bye" })
  alice:never("conv_message")
  t.equal(peer.count, 1)
end)

test.case("the network does not accept connections", function(t)
  local peer = t:serve(function() end)
  peer:close()
  t:start { config = { shared = { server = peer.address } } }
  t:log("the network is not connected: .*refused")
  local alice = t:login()
  alice:expect("connected")
  alice:say("network", "hello")
  alice:expect("conv_message", { message = t.pattern "Not sent" })
end)
