// Package text implements the module spectrum.text: formatted text, converted between
// the formats of networks and of XMPP.
package text

import (
	"fmt"
	"runtime"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/richtext"
)

// Module is spectrum.text.
var Module = bind.Module{Name: "spectrum.text", Open: open}

// longText is the length from which a text is converted without the script lock.
const longText = 16 << 10

// busy limits how many long texts are converted at a time.
var busy = bind.NewWorkerPool(runtime.GOMAXPROCS(0))

func open(rt *bind.Runtime) *lua.LTable {
	most := rt.Settings.MaxString
	return bind.NewModule("spectrum.text", bind.Functions{
		// convert(text, from, to) returns a text in another format.
		"convert": func(l *lua.LState) int {
			s, from, to := l.CheckString(1), format(l, 2), format(l, 3)
			converted, err := convert(l, s, from, to)
			if err != nil {
				return bind.Failf(l, "text.convert: %w", err)
			}
			if int64(len(converted)) > most {
				bind.Raise(l, "the result would be longer than %d bytes (max_string)", most)
			}
			return bind.Return(l, lua.LString(converted))
		},
		// irc_style(text) returns the codes for the style at the end of a text.
		"irc_style": func(l *lua.LState) int {
			return bind.Return(l, lua.LString(richtext.IRCStyle(l.CheckString(1))))
		},
	})
}

func convert(l *lua.LState, s string, from, to richtext.Format) (converted string, err error) {
	if len(s) < longText {
		return richtext.Convert(s, from, to)
	}
	busy.DoDetached(l, func() { converted, err = richtext.Convert(s, from, to) })
	return converted, err
}

// format returns argument n, the name of a format.
func format(l *lua.LState, n int) richtext.Format {
	name, known := l.CheckString(n), richtext.Formats()
	for _, format := range known {
		if name == format {
			return richtext.Format(format)
		}
	}
	near := bind.DidYouMean(name, known)
	if near == "" {
		near = "; there are " + strings.Join(known, ", ")
	}
	l.ArgError(n, fmt.Sprintf("there is no format %q%s", name, near))
	return ""
}
