package metrics_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestExamples(t *testing.T) { luatest.RunExamples(t, "../../../docs/reference/modules/metrics.md") }

func TestMisuse(t *testing.T) {
	luatest.Misuse(t, "spectrum.metrics", 3, `
local counter = module.counter("a_total", "Help.", { labels = { "a" } })
walk("counter:add", counter.add, counter)
local gauge = module.gauge("b", "Help.")
for _, method in ipairs { "set", "add", "remove" } do
  walk("gauge:" .. method, gauge[method], gauge)
end
local histogram = module.histogram("c_seconds", "Help.")
walk("histogram:observe", histogram.observe, histogram)`)
}

// TestMistakesAreErrorsAtTheLineOfTheScript has each mistake in the second line.
func TestMistakesAreErrorsAtTheLineOfTheScript(t *testing.T) {
	luatest.Run(t, `
local metrics = require "spectrum.metrics"
local counter = metrics.counter("lines_total", "Lines.", { labels = { "server" } })
local gauge = metrics.gauge("channels", "Channels.")
local lag = metrics.histogram("lag_seconds", "The lag.", { buckets = { 1, 2 } })
assert(counter.name == "lines_total" and gauge.name == "channels" and lag.name == "lag_seconds")
local function fails(want, fn, ...)
  local ok, message = pcall(fn, ...)
  assert(not ok and message:find(want, 1, true), tostring(message))
end
fails("lines is a counter: its name has to end in _total", metrics.counter, "lines", "Lines.")
fails("channels exists already as a gauge", metrics.histogram, "channels", "Channels.")
fails("ascending numbers", metrics.histogram, "x", "X.", { buckets = { 2, 1 } })
fails("list of numbers expected", metrics.histogram, "x", "X.", { buckets = { "a" } })
fails('has no option "label"; did you mean "labels"?', metrics.gauge, "x", "X.", { label = { "a" } })
fails("a counter never decreases", counter.add, counter, -1, { server = "a" })
fails("table with the labels of lines_total expected", counter.add, counter, 1)
fails('lines_total has no label "sever"; did you mean "server"?', counter.add, counter, 1, { sever = "a" })
fails("label server: string, number or boolean expected, got nil", counter.add, counter, 1, {})
fails("finite number expected", gauge.set, gauge, 0/0)
fails("number expected", lag.observe, lag)
counter:add(2, { server = 1 })
counter:add(nil, { server = true })
gauge:set(-1)
gauge:add()
assert(gauge:remove() and not gauge:remove())
lag:observe(3)
assert(select(2, pcall(function()
  metrics.gauge("9", "x")
end)):find("^[^:]+:%d+: \"9\" is not a name for a metric"))
`)
}
