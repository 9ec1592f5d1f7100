---@meta spectrum.time

---Clocks, times as text, dates, zones and durations. A time is a number of seconds since the start of 1970 in UTC. It has a fraction, to the microsecond, and covers the years 1 to 9999. Use `spectrum.sleep` to wait.
---@class spectrum.time
local time = {}

---The text form of a time: `"rfc3339"`, `"rfc3339ms"`, `"rfc1123"`, `"timestamp"`, or a pattern of `strftime`.
---@alias spectrum.time.Layout
---| "rfc3339" # `2024-02-29T21:05:09Z`, `2024-02-29T22:05:09+01:00`; a fraction is allowed when parsing
---| "rfc3339ms" # `2024-02-29T21:05:09.250Z`
---| "rfc1123" # `Thu, 29 Feb 2024 21:05:09 GMT` as in HTTP, `… 22:05:09 +0100` as in mail
---| "timestamp" # `20240229T210509`, the `timestamp` of Spectrum's messages, always in UTC
---| string

---Returns the current time.
---@return number seconds since 1970
function time.now() end

---Returns the seconds of a clock that never goes back, for measuring durations. A reload does not reset it.
---@return number seconds
function time.monotonic() end

---Formats a time as text.
---@param t number
---@param layout? spectrum.time.Layout (default: `"rfc3339"`)
---@param zone? string (default: `"UTC"`)
---@return string? text nil if the zone is unknown
---@return string? message
function time.format(t, layout, zone) end

---Parses a text as a time. Without a layout, it accepts RFC 3339, RFC 1123 and Spectrum's `timestamp`.
---@param text string
---@param layout? spectrum.time.Layout
---@param zone? string for a text without a zone (default: `"UTC"`)
---@return number? t
---@return string? message
function time.parse(text, layout, zone) end

---Returns the date of a time.
---@param t number
---@param zone? string (default: `"UTC"`)
---@return spectrum.time.Date? date nil if the zone is unknown
---@return string? message
function time.date(t, zone) end

---Returns the time of a date. A field may exceed its range: day 0 is the last day of the previous month.
---@param date spectrum.time.Date `year`, `month` and `day` are required
---@param zone? string (default: the date's `offset`, or UTC)
---@return number? t nil if the zone is unknown
---@return string? message
function time.from_date(date, zone) end

---Returns the offset of a zone east of UTC in seconds, and the zone's abbreviation.
---@param zone string
---@param t? number (default: now)
---@return integer? seconds nil if the zone is unknown
---@return string name the abbreviation; an error message if `seconds` is nil
function time.offset(zone, t) end

---Formats a duration as text, to the millisecond: `1d2h`, `1h30m`, `1.5s`.
---@param seconds number
---@return string text
function time.duration(seconds) end

---Parses a duration: numbers with the units `w`, `d`, `h`, `m`, `s` and `ms`. A number alone counts as seconds.
---@param text string
---@return number? seconds
---@return string? message
function time.parse_duration(text) end

---@class spectrum.time.Date
---The year, 1 to 9999.
---@field year integer
---The month, 1 to 12.
---@field month integer
---The day of the month, 1 to 31.
---@field day integer
---The hour, 0 to 23.
---@field hour? integer
---The minute, 0 to 59.
---@field min? integer
---The second, with its fraction.
---@field sec? number
---The day of the week; 1 is Sunday.
---@field wday? integer
---The day of the year.
---@field yday? integer
---Whether the date is in summer time.
---@field isdst? boolean
---The zone's abbreviation.
---@field zone? string
---The offset from UTC in seconds, positive in the east.
---@field offset? integer

return time
