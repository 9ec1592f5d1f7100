local test = require "spectrum.test"

-- Moves the clock until the user receives a text. On a busy machine, the script may notice a loss late,
-- or the time limit of its attempt to connect may expire although the server has accepted: then only a
-- later attempt succeeds.
local function advance_until(t, user, text)
  t.eventually(function()
    t:advance(15)
    return pcall(user.expect, user, "conv_message", { message = text }, 0.5)
  end, 25)
end

test.case("the script connects again, and the user learns it once", function(t)
  local peer = t:serve(function(conn, n)
    conn:write_line("line " .. math.min(n, 3))
    if n >= 3 then
      conn:expect_close(30)
    end
  end)
  t:start { config = { reconnect = { server = peer.address } } }
  local alice = t:login()
  alice:expect("connected")
  alice:expect("conv_message", { message = "line 1" })
  alice:expect("conv_message", { message = t.pattern "^The connection is lost" })
  t:settle()
  t:advance(10)
  alice:expect("conv_message", { message = "line 2" })
  advance_until(t, alice, "line 3")
  t:settle()
  t:reload()
  t:advance(60)
  alice:expect("conv_message", { message = "The connection is back." })
  alice:never()
end)

test.case("the server does not accept connections", function(t)
  local port = t:free_port()
  t:start { config = { reconnect = { server = "127.0.0.1:" .. port } } }
  local alice = t:login()
  alice:expect("conv_message", { message = t.pattern "lost.*refused" })
  t:settle()
  t:advance(10)
  t:settle()
  alice:never("conv_message")
  t:serve(function(conn)
    conn:write_line("here")
    conn:expect_close(30)
  end, { port = port })
  advance_until(t, alice, "here")
end)
