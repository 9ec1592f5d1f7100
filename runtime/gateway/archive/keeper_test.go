package archive

import (
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

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
	for deadline := time.Now().Add(10 * time.Second); !failing(); time.Sleep(time.Millisecond) {
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
