---@meta spectrum.time

---Clocks, times as text, dates, zones and durations. A time is a number of seconds since the start of 1970 in UTC, with a fraction; years 1 to 9999, to the microsecond. To wait, there is `spectrum.sleep`.
---@class spectrum.time
local time = {}

---How a time is written: `"rfc3339"`, `"rfc3339ms"`, `"rfc1123"`, `"timestamp"`, or a pattern as of `strftime`.
---@alias spectrum.time.Layout
---| "rfc3339" # `2024-02-29T21:05:09Z`, `2024-02-29T22:05:09+01:00`; parsed, it may have a fraction
---| "rfc3339ms" # `2024-02-29T21:05:09.250Z`
---| "rfc1123" # `Thu, 29 Feb 2024 21:05:09 GMT` as in HTTP, `… 22:05:09 +0100` as in mail
---| "timestamp" # `20240229T210509`, the `timestamp` of Spectrum's messages, always in UTC
---| string

---The time.
---@return number seconds since 1970
function time.now() end

---Seconds of a clock that is never set back, to measure how long something takes; it goes on when the script is loaded anew.
---@return number seconds
function time.monotonic() end

---The time as text.
---@param t number
---@param layout? spectrum.time.Layout (default: `"rfc3339"`)
---@param zone? string (default: `"UTC"`)
---@return string? text nil if there is no such zone
---@return string? message
function time.format(t, layout, zone) end

---The time that a text means. Without a layout it may be RFC 3339, RFC 1123 or Spectrum's.
---@param text string
---@param layout? spectrum.time.Layout
---@param zone? string for a text that names none (default: `"UTC"`)
---@return number? t
---@return string? message
function time.parse(text, layout, zone) end

---The date of a time.
---@param t number
---@param zone? string (default: `"UTC"`)
---@return spectrum.time.Date? date nil if there is no such zone
---@return string? message
function time.date(t, zone) end

---The time of a date. A field may be beyond its range: day 0 is the last one of the month before.
---@param date spectrum.time.Date `year`, `month` and `day` are wanted
---@param zone? string (default: the date's `offset`, or UTC)
---@return number? t nil if there is no such zone
---@return string? message
function time.from_date(date, zone) end

---How many seconds a zone is east of UTC, and its abbreviation.
---@param zone string
---@param t? number (default: now)
---@return integer? seconds nil if there is no such zone
---@return string name the abbreviation; without the seconds, the message
function time.offset(zone, t) end

---A text such as `1d2h`, `1h30m`, `1.5s`, to the millisecond.
---@param seconds number
---@return string text
function time.duration(seconds) end

---The seconds that such a text means: numbers with `w`, `d`, `h`, `m`, `s`, `ms`; a number alone is seconds.
---@param text string
---@return number? seconds
---@return string? message
function time.parse_duration(text) end

---@class spectrum.time.Date
---1 to 9999.
---@field year integer
---1 to 12.
---@field month integer
---1 to 31.
---@field day integer
---0 to 23.
---@field hour? integer
---0 to 59.
---@field min? integer
---With its fraction.
---@field sec? number
---1 is Sunday.
---@field wday? integer
---Day of the year.
---@field yday? integer
---Whether it is summer time.
---@field isdst? boolean
---The zone's abbreviation.
---@field zone? string
---Seconds east of UTC.
---@field offset? integer

return time
