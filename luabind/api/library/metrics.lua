---@meta spectrum.metrics

---Counters, gauges and histograms of the script. They are shown with the metrics of the program, and keep their values when the script is loaded again.
---@class spectrum.metrics
local metrics = {}

---@class spectrum.metrics.Options
---The names of the labels. Each call that changes the metric gives a value for each label (default: no labels).
---@field labels? string[]

---@class spectrum.metrics.HistogramOptions: spectrum.metrics.Options
---The upper bounds of the buckets, in ascending order (default: 0.005 to 10, which suit seconds).
---@field buckets? number[]

---A number that only grows.
---@class spectrum.metrics.Counter
---The name of the metric.
---@field name string
local counter = {}

---Adds a number.
---@param n? number 0 or more (default: 1)
---@param labels? table<string, string|number|boolean> the values of the labels, by their names
function counter:add(n, labels) end

---A number that grows and shrinks.
---@class spectrum.metrics.Gauge
---The name of the metric.
---@field name string
local gauge = {}

---Sets the number.
---@param value number
---@param labels? table<string, string|number|boolean> the values of the labels, by their names
function gauge:set(value, labels) end

---Adds a number, which may be negative.
---@param n? number the number to add (default: 1)
---@param labels? table<string, string|number|boolean> the values of the labels, by their names
function gauge:add(n, labels) end

---Removes the value for labels, for example of a server that is no longer used.
---@param labels? table<string, string|number|boolean> the values of the labels, by their names
---@return boolean removed false if it has no value for these labels
function gauge:remove(labels) end

---Counts values in buckets, such as durations or sizes.
---@class spectrum.metrics.Histogram
---The name of the metric.
---@field name string
local histogram = {}

---Counts a value.
---@param value number
---@param labels? table<string, string|number|boolean> the values of the labels, by their names
function histogram:observe(value, labels) end

---Defines a counter.
---@param name string it ends in `_total`
---@param help string a sentence that explains the metric
---@param options? spectrum.metrics.Options
---@return spectrum.metrics.Counter counter
function metrics.counter(name, help, options) end

---Defines a gauge.
---@param name string with the unit at its end, such as `_bytes`
---@param help string a sentence that explains the metric
---@param options? spectrum.metrics.Options
---@return spectrum.metrics.Gauge gauge
function metrics.gauge(name, help, options) end

---Defines a histogram.
---@param name string with the unit at its end, such as `_seconds`
---@param help string a sentence that explains the metric
---@param options? spectrum.metrics.HistogramOptions
---@return spectrum.metrics.Histogram histogram
function metrics.histogram(name, help, options) end

return metrics
