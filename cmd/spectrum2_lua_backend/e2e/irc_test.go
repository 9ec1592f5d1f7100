//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An ircColumn is one run of the scenario.
type ircColumn struct {
	backend string
	mode    ircMode
	ours    bool
	serve   bool   // without Spectrum
	xmpp    string // see bedConfig; only TestServeIRC has other servers than Prosody
}

func ircColumns() []ircColumn {
	var columns []ircColumn
	for _, c := range []ircColumn{
		{backend: "irc.lua", ours: true},
		{backend: "irc.lua with serve", ours: true, serve: true},
		{backend: "libcommuni"},
	} {
		for _, c.mode = range ircModes {
			columns = append(columns, c)
		}
	}
	return columns
}

func (c ircColumn) String() string {
	name := c.backend + ", " + c.mode.name
	if c.xmpp != "" {
		name += ", " + c.xmpp
	}
	return name
}

// TestIRC runs the scenario in each mode: with our script under Spectrum and without it, where
// each step must succeed, and with the C++ backend, where steps may fail.
func TestIRC(t *testing.T) {
	t.Parallel()
	columns := ircColumns()
	outcomes := make([][]outcome, len(columns))
	var mu sync.Mutex
	t.Run("scenario", func(t *testing.T) {
		for i, column := range columns {
			t.Run(column.String(), func(t *testing.T) {
				t.Parallel()
				if !column.ours && testing.Short() {
					t.Skip("-short runs only our backend")
				}
				all := column.outcomes(t)
				mu.Lock()
				defer mu.Unlock()
				outcomes[i] = all
			})
		}
	})
	for _, all := range outcomes {
		if len(all) != len(ircSteps) {
			t.Skip("the scenario is incomplete, so there is no table")
		}
	}
	document(t, tableBegin, ircTable(columns, outcomes))
}

// TestServeIRC runs the scenario without Spectrum, on each kind of XMPP server. Each step must
// succeed.
func TestServeIRC(t *testing.T) {
	t.Parallel()
	for _, column := range ircColumns() {
		if !column.serve {
			continue
		}
		for column.xmpp = range xmppServers {
			t.Run(column.String(), func(t *testing.T) {
				t.Parallel()
				column.outcomes(t)
			})
		}
	}
}

// served has the outcomes without Spectrum, which TestIRC and TestServeIRC share.
var served [2]struct {
	once sync.Once
	all  []outcome
}

// outcomes runs the scenario, unless the other test has run it.
func (c ircColumn) outcomes(t *testing.T) []outcome {
	if !c.serve || c.xmpp != "" {
		return playIRC(t, c)
	}
	shared := &served[slices.Index(ircModes, c.mode)]
	shared.once.Do(func() { shared.all = playIRC(t, c) })
	return shared.all
}

// playIRC runs all steps. After a failed step, the next one begins on a new bed, so that each
// result is independent.
func playIRC(t *testing.T, column ircColumn) []outcome {
	t.Helper()
	s := newIRCScene(t, column)
	var all []outcome
	for i, step := range ircSteps {
		if i > 0 && !all[i-1].Done {
			s.close()
			s = newIRCScene(t, column)
			s.enter()
		}
		patience := s.patience
		if !column.ours {
			s.patience = ircPatience()
		}
		all = append(all, s.play(t, step))
		s.patience = patience
	}
	return all
}

// The marks around the tables in docs/admin/irc.md.
const (
	tableBegin = "<!-- The end-to-end tests write this table (E2E_UPDATE=1): begin -->\n"
	benchBegin = "<!-- make bench-irc writes this table (E2E_UPDATE=1): begin -->\n"
	tableEnd   = "<!-- end -->\n"
)

// document writes a table into docs/admin/irc.md if E2E_UPDATE is set. Otherwise it logs a
// table that differs from the page.
func document(t *testing.T, begin, table string) {
	t.Helper()
	page := filepath.Join(repository, "docs/admin/irc.md")
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatalf("%v\n%s", err, table)
	}
	before, rest, ok := strings.Cut(string(content), begin)
	old, after, closed := strings.Cut(rest, tableEnd)
	switch {
	case !ok || !closed:
		t.Errorf("docs/admin/irc.md has no place for the table: %q and %q", begin, tableEnd)
	case old == table:
	case os.Getenv("E2E_UPDATE") == "":
		t.Logf("docs/admin/irc.md has another table than this run:\n%s", table)
	default:
		err := os.WriteFile(page, []byte(before+begin+table+tableEnd+after), 0o644)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func ircTable(columns []ircColumn, outcomes [][]outcome) string {
	var s strings.Builder
	s.WriteString("| |")
	for _, column := range columns {
		fmt.Fprintf(&s, " %s |", column)
	}
	s.WriteString("\n|---|" + strings.Repeat(":-:|", len(columns)) + "\n")
	for i, step := range ircSteps {
		fmt.Fprintf(&s, "| %s |", step.name)
		for _, all := range outcomes {
			mark := "no"
			if all[i].Done {
				mark = "yes"
			}
			fmt.Fprintf(&s, " %s |", mark)
		}
		s.WriteString("\n")
	}
	return s.String()
}
