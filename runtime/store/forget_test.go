package store_test

import (
	"testing"
	"time"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
	"spectrumlua/runtime/store"
)

func TestForgetDeletesAllOfOneUser(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		s := open(t, p, nil)
		named := store.Scope{Owner: alice.Owner, Name: "notes"}
		others := []store.Scope{{}, {Owner: "bob@example.net"}, {Owner: "alice@example.net.org"}}
		for _, scope := range append(others, alice, named) {
			set(t, s, scope, "k", store.Value{Data: []byte(`1`)})
			if err := s.Remember(soon(t), s.DB(), scope, "ours", "theirs", time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Forget(soon(t), alice.Owner); err != nil {
			t.Fatal(err)
		}
		has := func(scope store.Scope) (value, id bool) {
			_, value, _, err := s.Read(soon(t), s.DB(), scope, "k")
			if err != nil {
				t.Fatal(err)
			}
			if _, id, err = s.Ours(soon(t), s.DB(), scope, "theirs"); err != nil {
				t.Fatal(err)
			}
			return value, id
		}
		for _, scope := range []store.Scope{alice, named} {
			if value, id := has(scope); value || id {
				t.Errorf("%+v still exists", scope)
			}
		}
		for _, scope := range others {
			if value, id := has(scope); !value || !id {
				t.Errorf("%+v does not exist", scope)
			}
		}
		if err := s.Forget(soon(t), ""); err == nil {
			t.Error("Forget deletes the transport's own store")
		}
	})
}
