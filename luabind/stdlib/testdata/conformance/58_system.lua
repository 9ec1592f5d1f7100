-- 5.8: operating system facilities.

test("date and time", function()
  local t = os.time { year = 2001, month = 9, day = 9, hour = 12 }
  local d = os.date("*t", t)
  assert(d.year == 2001 and d.month == 9 and d.day == 9 and d.hour == 12 and d.min == 0 and d.sec == 0 and d.wday == 1 and d.yday == 252 and type(d.isdst) == "boolean")
  assert(os.time(d) == t and os.date("!%Y-%m-%d %H:%M:%S", 0) == "1970-01-01 00:00:00" and os.date("!%c", 0) == "Thu Jan  1 00:00:00 1970" and os.date("!*t", 0).year == 1970)
  assert(os.date("!%a %A %b %B %d %j %p %y %%", 0) == "Thu Thursday Jan January 01 001 AM 70 %" and os.date("!%x %X", 0) == "01/01/70 00:00:00")
  assert(os.time { year = 2001, month = 9, day = 9 } == t, "noon is the default")
  assert(os.date("!%m", os.time { year = 2000, month = 14, day = 15 }) == "02", "a 14th month is carried over")
  fails("field 'day' missing in date table", os.time, { year = 2000, month = 1 })
  assert(os.difftime(t + 5, t) == 5 and type(os.time()) == "number" and type(os.clock()) == "number")
end)

test("getenv, tmpname, rename, remove, setlocale", function()
  assert(os.getenv("THERE_IS_NO_SUCH_VARIABLE") == nil and type(os.getenv("PATH")) == "string")
  local a, b = os.tmpname(), os.tmpname()
  assert(a ~= b and os.rename(a, b) == true and io.open(a) == nil and os.remove(b) == true)
  local ok, e, code = os.rename(a, b)
  assert(ok == nil and e == a .. ": No such file or directory" and code == 2)
  assert(os.setlocale() == "C" and os.setlocale("C") == "C" and os.setlocale("no-such-locale") == nil)
end)
