package config

import (
	"bytes"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte("[service]\njid = echo.example\n[lua]\nscript = $jid.lua # the script\nreload = 1\n"), "", "")
	f.Add([]byte("\ufeff[ a ]\r\n= b#c\r\n[]\nd=\xe9\n[x]y=z\n[lua.]\nmax_frame=16M\n"), "lua.scrpt", "x")
	f.Add([]byte("a=1\na=$jid\n[database]\ntype=none\ntype=none\ngarbage"), "service.jid", "$jid#")
	f.Add([]byte("[lua]\nlogin_delay=1e3\nmemory_limit=8589934592G\nmax_queue=\n"), "lua.script", "\"a\"")
	f.Fuzz(func(t *testing.T, data []byte, key, value string) {
		opts := Options{}
		if key != "" {
			opts.Overrides = []Override{{Key: key, Value: value}}
		}
		c, err := Parse("t.cfg", data, opts)
		if err != nil {
			checkErrors(t, err)
			return
		}
		// The JID is used unchanged, even if it contains $jid.
		asGiven := key == keyJID
		lines := bytes.Count(data, []byte("\n")) + 1
		for _, key := range c.keys {
			for _, e := range c.settings[key].file {
				if asGiven {
					continue
				}
				if strings.ContainsAny(e.value, "#\n\x00") || strings.Trim(e.value, blanks) != e.value {
					t.Errorf("%s has the value %q", key, e.value)
				}
				if e.line < 1 || e.line > lines {
					t.Errorf("%s is on line %d of %d", key, e.line, lines)
				}
			}
			if first, ok := c.Get(key); !ok || len(c.List(key)) == 0 || c.Where(key) == "" {
				t.Errorf("%s is set, but has %q, %v, %q", key, first, c.List(key), c.Where(key))
			}
			_, _, numberErr := c.Number(key)
			_, _, boolErr := c.Bool(key)
			checkErrors(t, numberErr)
			checkErrors(t, boolErr)
		}
		lua, err := c.Settings()
		checkErrors(t, err)
		if err == nil && (!filepath.IsAbs(lua.Script) || lua.MaxFrame <= 0 || lua.ExitTimeout <= 0 || lua.MaxQueue <= 0) {
			t.Errorf("no error, but the settings are %+v", lua)
		}
		crlf, err := Parse("t.cfg", bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")), opts)
		if err != nil || !reflect.DeepEqual(crlf.settings, c.settings) || !reflect.DeepEqual(crlf.warnings, c.warnings) {
			t.Errorf("the file differs with CRLF: %v", err)
		}
	})
}

// checkErrors checks that every error has a position and a text.
func checkErrors(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, err := range all {
		var problem *Error
		if !errors.As(err, &problem) || problem.Name == "" || problem.Text == "" {
			t.Errorf("error %#v", err)
		}
	}
}
