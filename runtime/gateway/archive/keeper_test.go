package archive

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// TestForgottenMessagesTakeNoSpace forgets a user whose messages fill the queue. A closed
// store is in place of a database that is down.
func TestForgottenMessagesTakeNoSpace(t *testing.T) {
	store, err := users.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(t.Output())
	r := router.New(router.Options{Store: store, Log: log, Clock: clock.NewMovable(nil)})
	k := keepers.Of(r)
	long := strings.Repeat("x", maxWaiting/2)
	k.add(r, users.Archived{JID: "alice@localhost", Stanza: long})
	failing := func() bool {
		k.Lock()
		defer k.Unlock()
		return k.Failing()
	}
	for deadline := time.Now().Add(time.Minute); !failing(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the writer does not notice the failure")
		}
	}
	k.add(r, users.Archived{JID: "alice@localhost", Stanza: long})
	k.drop("alice@localhost")
	k.add(r, users.Archived{JID: "bob@localhost", Stanza: long})
	if n := len(k.waiting); n != 1 || k.lost != 0 {
		t.Errorf("%d messages wait, %d are lost", n, k.lost)
	}
}

func TestOnlyALossIsAWarning(t *testing.T) {
	log, hook := logtest.NewNullLogger()
	r := router.New(router.Options{Log: log, Clock: clock.NewMovable(nil)})
	k := &keeper{}
	for _, c := range []struct {
		err     error
		failing bool
		lost    int
		level   logrus.Level
		want    string // "" for no line
	}{
		{nil, false, 0, 0, ""},
		{errors.New("no route"), false, 0, logrus.WarnLevel, "messages cannot be archived, and wait"},
		{errors.New("no route"), true, 0, 0, ""},
		{nil, true, 0, logrus.InfoLevel, "the archive works again; nothing is missing in it"},
		{nil, true, 3, logrus.WarnLevel, "the archive works again; changes are missing in it"},
	} {
		hook.Reset()
		k.lost = c.lost
		k.Report(r, c.err, c.failing)
		switch e := hook.LastEntry(); {
		case e == nil && c.want != "", e != nil && (e.Message != c.want || e.Level != c.level):
			t.Errorf("%v, failing %t, %d lost: the log has %v", c.err, c.failing, c.lost, e)
		case e != nil && c.err != nil && e.Data["error"] != c.err.Error(), e != nil && c.lost > 0 && e.Data["count"] != c.lost:
			t.Errorf("the log has the fields %v", e.Data)
		case c.err == nil && k.lost != 0:
			t.Errorf("a loss is reported again")
		}
	}
}
