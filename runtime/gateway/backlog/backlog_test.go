package backlog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/backlog"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// TestTrimRepeatsWhatFailed writes rows of alice. Each step says which functions have to be
// called for them.
func TestTrimRepeatsWhatFailed(t *testing.T) {
	log, hook := logtest.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	c := clock.NewMovable(nil)
	r := router.New(router.Options{Log: log, Clock: c})
	var w backlog.Writer[int]
	lost, outage := errors.New("lost"), users.ErrOutage
	for _, step := range []struct {
		name         string
		after        time.Duration
		rows         int
		expire, trim error
		want, log    string
	}{
		{"the first row", 0, 1, lost, nil, "expire", "warning"},
		{"soon after the failure", 9 * time.Minute, 1, nil, nil, "", ""},
		{"later", 2 * time.Minute, 1, outage, nil, "expire", "debug"},
		{"after the outage", 11 * time.Minute, 1, nil, nil, "expire", ""},
		{"the same day", 23 * time.Hour, 1, nil, lost, "trim alice", "warning"},
		{"the next row", 0, 1, nil, lost, "trim alice", "warning"},
		{"several rows", 0, 3, nil, nil, "trim alice", ""},
		{"too few rows", 0, 2, nil, nil, "", ""},
		{"the next day", 2 * time.Hour, 5, lost, nil, "expire trim alice", "warning"},
	} {
		if err := c.Advance(t.Context(), step.after); err != nil {
			t.Fatal(err)
		}
		var calls []string
		hook.Reset()
		w.Trim(r, strings.Fields(strings.Repeat("alice ", step.rows)), backlog.Old{
			What: "rows", Every: 5,
			Expire: func() error { calls = append(calls, "expire"); return step.expire },
			Trim:   func(jid string) error { calls = append(calls, "trim "+jid); return step.trim },
		})
		got := ""
		if e := hook.LastEntry(); e != nil {
			got = e.Level.String()
			if e.Message != "old rows stay in the database for now" || e.Data["error"] == nil || e.Data["what"] != "rows" {
				t.Errorf("%s: the log has %q %v", step.name, e.Message, e.Data)
			}
		}
		if all := strings.Join(calls, " "); all != step.want || got != step.log {
			t.Errorf("%s: %q and %q, not %q and %q", step.name, all, got, step.want, step.log)
		}
	}
}
