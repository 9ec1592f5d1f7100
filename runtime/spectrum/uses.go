package spectrum

import (
	"strings"

	"spectrumlua/runtime/schema"
)

// Uses notes which handlers and methods a script uses: those whose names are in its files.
// One log line names those that have no effect under Spectrum. Call it after each load.
func (s *Side) Uses(files []string) {
	s.uses.Store(mentions(files, memberOf, "sent"))
	var without []string
	for _, t := range schema.Types() {
		if t.GatewayOnly && t.Handled() && mentions(files, handler, t.Name) {
			without = append(without, "on."+t.Name)
		}
	}
	for _, t := range schema.Types() {
		if t.GatewayOnly && t.Sendable() && outgoing[t.Number] == nil && mentions(files, method, t.Name) {
			without = append(without, "session:"+t.Name)
		}
	}
	if len(without) > 0 {
		s.opts.Log.Infof("these have no effect under Spectrum, which does not pass them on: %s. They work with spectrum2-lua serve", strings.Join(without, ", "))
	}
}

// mentions reports whether a name stands behind what before accepts in one of the files. It
// uses no pattern, because it delays each start.
func mentions(files []string, before func(text string) bool, name string) bool {
	for _, text := range files {
		for from := 0; ; {
			at := strings.Index(text[from:], name)
			if at < 0 {
				break
			}
			at += from
			from = at + len(name)
			if (from == len(text) || !isWord(text[from])) && before(strings.TrimRight(text[:at], blanks)) {
				return true
			}
		}
	}
	return false
}

const blanks = " \t\r\n"

// method accepts the colon of a call, memberOf also the dot of a field, and handler what precedes
// the name of a handler.
func method(text string) bool { return strings.HasSuffix(text, ":") }

func memberOf(text string) bool { return method(text) || strings.HasSuffix(text, ".") }

func handler(text string) bool {
	text, dot := strings.CutSuffix(text, ".")
	text, on := strings.CutSuffix(strings.TrimRight(text, blanks), "on")
	return dot && on && (text == "" || !isWord(text[len(text)-1]))
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
