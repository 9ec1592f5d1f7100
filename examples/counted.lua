-- counted.lua: an echo that is counted. It teaches metrics: a counter of the messages by
-- their size, a gauge of the users, and a histogram of the sizes. `spectrum2-lua exporter`
-- or `[metrics] listen` shows them to Prometheus.

local spectrum = require "spectrum"
local metrics = require "spectrum.metrics"

spectrum.backend_config { registration = { needPassword = false } }

local ECHO = "echo"
local LONG = 500 -- bytes

local messages = metrics.counter("counted_messages_total", "Messages of users, by size: short or long.", {
  labels = { "size" },
})
local users = metrics.gauge("counted_users", "Users who are connected.")
local sizes = metrics.histogram("counted_message_bytes", "Sizes of the messages of users.", {
  buckets = { 10, 100, 1000, 10000 },
})

local on = {}

function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = ECHO, alias = "Echo", status = "online" }
  users:add(1)
end

function on.logout()
  users:add(-1)
end

function on.conv_message(session, m)
  messages:add(1, { size = #m.message < LONG and "short" or "long" })
  sizes:observe(#m.message)
  session:conv_message { buddy_name = ECHO, message = m.message }
end

return on
