package users_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
	"spectrumlua/runtime/gateway/users"
)

func TestRoomsAreStoredByTheirAddress(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		a := register(t, s, alice)
		register(t, s, "bob@example.net")
		one := users.Room{Address: "#a%net", Name: "#A@net", Nickname: "ali ce", Password: "s'cret"}
		two := users.Room{Address: "#b", Name: "#b 🎈", Nickname: "alice"}
		for _, r := range []users.Room{two, {Address: "#a%net", Name: "old", Nickname: "old"}, one} {
			if err := s.SaveRoom(ctx, alice, r); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SaveRoom(ctx, "bob@example.net", two); err != nil {
			t.Fatal(err)
		}
		rooms := func(jid string, want ...users.Room) {
			t.Helper()
			if got, err := s.Rooms(ctx, jid); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("the rooms of %s are %v, not %v; %v", jid, got, want, err)
			}
		}
		rooms(alice, one, two)
		if err := s.DeleteRoom(ctx, alice, "#b"); err != nil {
			t.Error(err)
		}
		rooms(alice, one)
		if err := s.Unregister(ctx, a.ID); err != nil {
			t.Error(err)
		}
		rooms(alice)
		rooms("bob@example.net", two)
		if err := s.SaveRoom(ctx, alice, users.Room{Address: strings.Repeat("x", 1024)}); !errors.Is(err, users.ErrInvalid) {
			t.Errorf("an address that is too long: %v", err)
		}
	})
}

func TestPasswordsOfRoomsAreConcealedLikeOthers(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		s := open(t, p, "key")
		if err := s.SaveRoom(t.Context(), alice, users.Room{Address: "#a", Name: "#a", Nickname: "alice", Password: "hunter2"}); err != nil {
			t.Fatal(err)
		}
		var column []byte
		if _, err := s.DB().Row(t.Context(), "SELECT password FROM "+s.DB().Engine().Quote(p.Prefix+"spectrum2_lua_rooms"), nil, &column); err != nil || string(column) == "hunter2" {
			t.Errorf("the password is stored as %q, %v", column, err)
		}
		if got, err := s.Rooms(t.Context(), alice); err != nil || got[0].Password != "hunter2" {
			t.Errorf("%v, %v", got, err)
		}
	})
}
