package spectrum

import (
	"regexp"
	"strings"

	"spectrumlua/runtime/schema"
)

// Uses notes which handlers and methods a script uses: those whose names are in its files.
// One log line names those that have no effect under Spectrum. Call it after each load.
func (s *Side) Uses(files []string) {
	s.uses.Store(mentions(files, `[:.]`, "sent"))
	var without []string
	for _, t := range schema.Types() {
		if t.GatewayOnly && t.Handled() && mentions(files, `\bon\s*\.\s*`, t.Name) {
			without = append(without, "on."+t.Name)
		}
	}
	for _, t := range schema.Types() {
		if t.GatewayOnly && t.Sendable() && outgoing[t.Number] == nil && mentions(files, ":", t.Name) {
			without = append(without, "session:"+t.Name)
		}
	}
	if len(without) > 0 {
		s.opts.Log.Infof("these have no effect under Spectrum, which does not pass them on: %s. They work with spectrum2-lua serve", strings.Join(without, ", "))
	}
}

// mentions reports whether a name stands behind a prefix in one of the files.
func mentions(files []string, prefix, name string) bool {
	find := regexp.MustCompile(prefix + `\s*` + regexp.QuoteMeta(name) + `\b`)
	for _, text := range files {
		if find.MatchString(text) {
			return true
		}
	}
	return false
}
