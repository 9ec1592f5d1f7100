package encoding

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/transform"

	"spectrumlua/luabind/bind"
)

// longText is the size in bytes above which a text is converted without the
// script lock.
const longText = 1 << 20

// maxReplacement is the maximum length of the replacement for a missing
// character, in bytes.
const maxReplacement = 16

func charsetFunctions(max limit) bind.Functions {
	return bind.Functions{
		// to_utf8(bytes, charset) replaces invalid bytes with U+FFFD.
		"to_utf8": func(l *lua.LState) int {
			bytes, name := l.CheckString(1), l.CheckString(2)
			charset, err := findCharset(name)
			if err != nil {
				return bind.Fail(l, err)
			}
			return convert(l, len(bytes), func() (string, error) {
				return transcode(charset.NewDecoder(), []byte(bytes), max, nil)
			})
		},
		// from_utf8(text, charset [, replacement])
		"from_utf8": func(l *lua.LState) int {
			text, name := l.CheckString(1), l.CheckString(2)
			charset, err := findCharset(name)
			if err != nil {
				return bind.Fail(l, err)
			}
			missing := missingFails(name)
			if l.Get(3) != lua.LNil {
				missing = missingIs(checkReplacement(l, 3, charset, name))
			}
			return convert(l, len(text), func() (string, error) {
				text := strings.ToValidUTF8(text, string(utf8.RuneError))
				return transcode(charset.NewEncoder(), []byte(text), max, missing)
			})
		},
		// charset(name) returns the preferred name of a charset.
		"charset": func(l *lua.LState) int {
			name := l.CheckString(1)
			charset, err := findCharset(name)
			if err != nil {
				return bind.Fail(l, err)
			}
			return bind.Return(l, lua.LString(charsetName(charset, name)))
		},
	}
}

// convert returns the result of f to the script. It runs f without the script lock
// if that may take long.
func convert(l *lua.LState, size int, f func() (string, error)) int {
	var s string
	var err error
	if size > longText {
		err = bind.Wait(l, func(context.Context) (err error) {
			s, err = f()
			return err
		})
	} else {
		s, err = f()
	}
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LString(s))
}

// findCharset returns the charset that has this name at IANA or in the WHATWG's
// standard.
func findCharset(name string) (encoding.Encoding, error) {
	tidy := strings.ToLower(strings.TrimSpace(name))
	if tidy == "latin-1" {
		tidy = "latin1"
	}
	if charset, err := ianaindex.IANA.Encoding(tidy); err == nil && charset != nil {
		return charset, nil
	}
	// The WHATWG maps charsets that browsers reject to encoding.Replacement.
	if charset, err := htmlindex.Get(tidy); err == nil && charset != encoding.Replacement {
		return charset, nil
	}
	return nil, fmt.Errorf("there is no charset %.40q", name)
}

func charsetName(charset encoding.Encoding, otherwise string) string {
	for _, index := range []*ianaindex.Index{ianaindex.MIME, ianaindex.IANA} {
		if name, err := index.Name(charset); err == nil && name != "" {
			return strings.ToLower(name)
		}
	}
	if name, err := htmlindex.Name(charset); err == nil {
		return name
	}
	return strings.ToLower(strings.TrimSpace(otherwise))
}

// checkReplacement returns argument n, a text that the charset can encode.
func checkReplacement(l *lua.LState, n int, charset encoding.Encoding, name string) string {
	replacement := l.CheckString(n)
	if len(replacement) > maxReplacement || !utf8.ValidString(replacement) {
		l.ArgError(n, fmt.Sprintf("UTF-8 text of at most %d bytes expected", maxReplacement))
	}
	if _, err := charset.NewEncoder().String(replacement); err != nil {
		l.ArgError(n, fmt.Sprintf("%s cannot encode the replacement %q", name, replacement))
	}
	return replacement
}

var errTooLong = errors.New("the result would be too long (max_string)")

// missingFunc returns the replacement for a character that a charset does not have.
type missingFunc func(r rune, at int) (string, error)

func missingIs(replacement string) missingFunc {
	return func(rune, int) (string, error) { return replacement, nil }
}

func missingFails(name string) missingFunc {
	return func(r rune, at int) (string, error) {
		return "", fmt.Errorf("the character %q (%U) at byte %d is not in %.40s", r, r, at+1, name)
	}
}

// transcode transforms src. If the transformer stops at a character, transcode
// writes its replacement. missing may be nil for a decoder, which never stops.
func transcode(t transform.Transformer, src []byte, max limit, missing missingFunc) (string, error) {
	t.Reset()
	out := &output{buf: make([]byte, len(src)+len(src)/4+16), max: max}
	for done := 0; ; {
		n, err := out.transform(t, src[done:], true)
		done += n
		switch {
		case err == nil:
			return string(out.buf[:out.n]), nil
		case errors.Is(err, errTooLong) || missing == nil || done >= len(src):
			return "", err
		}
		r, size := utf8.DecodeRune(src[done:])
		replacement, err := missing(r, done)
		if err != nil {
			return "", err
		}
		// The transformer may have a state, so it also writes the replacement.
		if _, err := out.transform(t, []byte(replacement), false); err != nil {
			return "", err
		}
		done += size
	}
}

// output is the buffer for a transformer's result.
type output struct {
	buf []byte
	n   int // bytes written
	max limit
}

// transform transforms src and returns how many bytes of it the transformer read.
func (o *output) transform(t transform.Transformer, src []byte, atEOF bool) (taken int, err error) {
	for {
		wrote, read, err := t.Transform(o.buf[o.n:], src[taken:], atEOF)
		o.n += wrote
		taken += read
		if int64(o.n) > int64(o.max) {
			return taken, errTooLong
		}
		if !errors.Is(err, transform.ErrShortDst) {
			return taken, err
		}
		if int64(len(o.buf)) > 2*int64(o.max) { // large enough for any valid result
			return taken, errTooLong
		}
		o.buf = append(o.buf, make([]byte, len(o.buf))...)
	}
}
