package stdlib

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
)

// openOS returns the table os. It has no os.exit because a script must not end the
// process.
func (lib *Library) openOS() *lua.LTable {
	return lib.newTable("os", functions{
		"clock":     leaf(osClock),
		"date":      leaf(lib.osDate),
		"difftime":  leaf(func(c call) int { return c.ret(lua.LNumber(c.number(1) - c.number(2))) }),
		"execute":   leaf(osExecute),
		"getenv":    leaf(osGetEnv),
		"remove":    leaf(func(c call) int { return done(c, os.Remove(c.str(1))) }),
		"rename":    leaf(func(c call) int { return done(c, os.Rename(c.str(1), c.str(2))) }),
		"setlocale": leaf(osSetLocale),
		"time":      leaf(lib.osTime),
		"tmpname":   leaf(osTmpName),
	})
}

// osClock returns the processor time of the process in seconds.
func osClock(c call) int {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return c.ret(lua.LNumber(-1))
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return c.ret(lua.LNumber(seconds(used.Utime) + seconds(used.Stime)))
}

// osSetLocale implements os.setlocale. The only locale is C.
func osSetLocale(c call) int {
	switch c.optStr(1, "C") {
	case "C", "POSIX", "":
		return c.ret(lua.LString("C"))
	}
	return c.ret(lua.LNil)
}

func osExecute(c call) int {
	if !c.given(1) {
		return c.ret(lua.LNumber(0)) // there is no shell
	}
	c.raise("os.execute would stop all users while the command runs: use spectrum.process.start")
	return 0
}

func osGetEnv(c call) int {
	if value, ok := os.LookupEnv(c.str(1)); ok {
		return c.ret(lua.LString(value))
	}
	return c.ret(lua.LNil)
}

// osTmpName creates an empty file that only the user of the process can read.
func osTmpName(c call) int {
	f, err := os.CreateTemp("", "lua_")
	if err != nil {
		c.raise("unable to generate a unique filename: %v", err)
	}
	defer f.Close()
	return c.ret(lua.LString(f.Name()))
}

// done returns true, or nil, the error's message and its number.
func done(c call, err error) int {
	if err == nil {
		return c.ret(lua.LTrue)
	}
	return c.ret(failure(err)...)
}

// failure returns nil, the message of an error in the format of Lua 5.1, and its number.
func failure(err error) []lua.LValue {
	text, number := err.Error(), 0
	var e syscall.Errno
	if errors.As(err, &e) {
		number = int(e)
	}
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		text = path.Path + ": " + capital(path.Err.Error())
	case errors.As(err, &link):
		text = link.Old + ": " + capital(link.Err.Error())
	}
	return []lua.LValue{lua.LNil, lua.LString(text), lua.LNumber(number)}
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
