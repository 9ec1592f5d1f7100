// Package encoding is the module spectrum.encoding: bytes as base64, hex and
// percent escapes, query strings, charsets, and strings by characters.
package encoding

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.encoding.
var Module = bind.Module{Name: "spectrum.encoding", Open: open}

const moduleName = "spectrum.encoding"

func open(rt *bind.Runtime) *lua.LTable {
	max := limit(rt.Settings.MaxString)
	module := bind.NewModule(moduleName, charsetFunctions(max))
	for name, functions := range map[string]bind.Functions{
		"base64":    base64Functions("base64", base64.StdEncoding, true, max),
		"base64url": base64Functions("base64url", base64.URLEncoding, false, max),
		"hex":       hexFunctions(max),
		"percent":   percentFunctions(max),
		"query":     queryFunctions(max),
		"utf8":      utf8Functions(max),
	} {
		module.RawSetString(name, bind.NewModule(moduleName+"."+name, functions))
	}
	return module
}

// limit is the maximum length of a result, in bytes.
type limit int64

// check raises an error if a string of n bytes would be too long.
func (max limit) check(l *lua.LState, n int) {
	if int64(n) > int64(max) {
		bind.Raise(l, "the result would be longer than %d bytes (max_string)", max)
	}
}

func base64Functions(name string, padded *base64.Encoding, padding bool, max limit) bind.Functions {
	raw := padded.WithPadding(base64.NoPadding)
	return bind.Functions{
		// encode(bytes [, { padding = }])
		"encode": func(l *lua.LState) int {
			s := l.CheckString(1)
			o := bind.OptionsAt(l, 2, name+".encode")
			e := raw
			if o.Bool("padding", padding) {
				e = padded
			}
			o.Done()
			max.check(l, e.EncodedLen(len(s)))
			return bind.Return(l, lua.LString(e.EncodeToString([]byte(s))))
		},
		// decode(text) accepts texts with or without padding and with line breaks.
		"decode": func(l *lua.LState) int {
			s := l.CheckString(1)
			e := raw
			if strings.Contains(s, "=") {
				e = padded
			}
			decoded, err := e.DecodeString(s)
			var corrupt base64.CorruptInputError
			if errors.As(err, &corrupt) {
				return bind.Failf(l, "invalid %s at byte %d", name, int64(corrupt)+1)
			}
			if err != nil {
				return bind.Failf(l, "invalid %s: %w", name, err)
			}
			return bind.Return(l, lua.LString(decoded))
		},
	}
}

func hexFunctions(max limit) bind.Functions {
	return bind.Functions{
		"encode": func(l *lua.LState) int {
			s := l.CheckString(1)
			max.check(l, hex.EncodedLen(len(s)))
			return bind.Return(l, lua.LString(hex.EncodeToString([]byte(s))))
		},
		"decode": func(l *lua.LState) int {
			decoded, err := hex.DecodeString(l.CheckString(1))
			var invalid hex.InvalidByteError
			switch {
			case errors.As(err, &invalid):
				return bind.Failf(l, "invalid hex: %q is not a hexadecimal digit", rune(invalid))
			case err != nil:
				return bind.Failf(l, "invalid hex: the number of digits is odd")
			}
			return bind.Return(l, lua.LString(decoded))
		},
	}
}

// unreserved are the bytes that RFC 3986 never escapes.
const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

const hexDigits = "0123456789ABCDEF"

func percentFunctions(max limit) bind.Functions {
	return bind.Functions{
		// encode(bytes [, keep]) also leaves the bytes in keep unchanged.
		"encode": func(l *lua.LState) int {
			s := l.CheckString(1)
			var kept [256]bool
			for _, c := range []byte(unreserved + l.OptString(2, "")) {
				kept[c] = c != '%'
			}
			n := len(s)
			for _, c := range []byte(s) {
				if !kept[c] {
					n += 2
				}
			}
			max.check(l, n)
			escaped := make([]byte, 0, n)
			for _, c := range []byte(s) {
				if kept[c] {
					escaped = append(escaped, c)
				} else {
					escaped = append(escaped, '%', hexDigits[c>>4], hexDigits[c&15])
				}
			}
			return bind.Return(l, lua.LString(escaped))
		},
		"decode": func(l *lua.LState) int {
			s, err := url.PathUnescape(l.CheckString(1))
			if err != nil {
				return bind.Failf(l, "invalid percent encoding: %s", reason(err))
			}
			return bind.Return(l, lua.LString(s))
		},
	}
}

// reason returns the text of an error of net/url about an escape.
func reason(err error) string {
	var escape url.EscapeError
	if errors.As(err, &escape) {
		return "\"" + strings.ToValidUTF8(string(escape), "?") + "\" is not an escape"
	}
	return err.Error()
}
