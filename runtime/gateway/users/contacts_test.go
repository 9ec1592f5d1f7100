package users_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/gateway/users"
)

func TestSavedContactsAreRead(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		id := register(t, s, alice).ID
		want := []users.Contact{
			{Name: "carol", Alias: "Carol", Groups: []string{"Friends", "Wörk"}, Subscribed: true, Flags: users.FlagEscaped | users.FlagBlocked, IconHash: "12ab"},
			{Name: "Carol"},
			{Name: `o'"\%_?`, Alias: "$1 ?", Groups: []string{"a"}, IconHash: strings.Repeat("f", 40)},
		}
		for i := range want {
			if err := s.Save(ctx, id, &want[i]); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Contacts(ctx, id)
		if err != nil || !reflect.DeepEqual(got, want) || want[0].ID == 0 {
			t.Errorf("%+v\nwant %+v, %v", got, want, err)
		}

		// Change each field.
		want[0].Alias, want[1].Groups, want[2].IconHash = "C.", []string{"x", "y"}, ""
		want[0].Subscribed, want[1].Subscribed, want[2].Flags = false, true, users.FlagIgnored
		if err := s.Save(ctx, id, &want[0], &want[1], &want[2], &want[0]); err != nil {
			t.Fatal(err)
		}
		if got, err = s.Contacts(ctx, id); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v\nwant %+v, %v", got, want, err)
		}

		for _, name := range []string{"carol", "nobody", "\xff"} {
			if err := s.Remove(ctx, id, name); err != nil {
				t.Error(err)
			}
		}
		if got, err = s.Contacts(ctx, id); err != nil || !reflect.DeepEqual(got, want[1:]) {
			t.Errorf("%+v\nwant %+v, %v", got, want[1:], err)
		}
	})
}

func TestManyContactsAreSavedAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		id := register(t, s, alice).ID
		var contacts []*users.Contact
		for i := range 300 {
			contacts = append(contacts, &users.Contact{Name: fmt.Sprint("c", i), Alias: fmt.Sprint(i), IconHash: fmt.Sprint(i % 3)})
		}
		ids := map[int64]bool{}
		for range 2 {
			if err := s.Save(t.Context(), id, contacts...); err != nil {
				t.Fatal(err)
			}
			for _, c := range contacts {
				ids[c.ID] = true
			}
		}
		if len(ids) != 300 {
			t.Errorf("%d ids", len(ids))
		}
		got, err := s.Contacts(t.Context(), id)
		if err != nil || len(got) != 300 {
			t.Fatalf("%d contacts, %v", len(got), err)
		}
		for _, c := range got {
			if c.Name != "c"+c.Alias {
				t.Errorf("%+v", c)
			}
		}
	})
}

func TestLongAndInvalidTextsOfContactsAreRepaired(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		id := register(t, s, alice).ID
		long := strings.Repeat("é", 300)
		c := users.Contact{Name: "carol", Alias: long, Groups: []string{"a\nb", "", "c\x00\xffd", long, strings.Repeat("g", 240), "h"}}
		if err := s.Save(t.Context(), id, &c); err != nil {
			t.Fatal(err)
		}
		got, err := s.Contacts(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Alias != long[:2*255] {
			t.Errorf("alias %q", got[0].Alias)
		}
		if want := []string{"a b", "c\uFFFDd", strings.Repeat("g", 240), "h"}; !reflect.DeepEqual(got[0].Groups, want) {
			t.Errorf("groups %q", got[0].Groups)
		}
	})
}

func TestValuesThatDoNotFitAreInvalid(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		a := register(t, s, alice)
		name := func(n int) string { return strings.Repeat("é", n) }
		tests := []struct {
			name  string
			fits  bool
			write func() error
		}{
			{"address at the limit", true, func() error { _, err := s.Register(ctx, users.Account{JID: name(255)}, nil); return err }},
			{"address over the limit", false, func() error { _, err := s.Register(ctx, users.Account{JID: name(256)}, nil); return err }},
			{"address that is not UTF-8", false, func() error { _, err := s.Register(ctx, users.Account{JID: "\xff@x"}, nil); return err }},
			{"name at the limit", true, func() error { b := a; b.Name = name(4095); return s.Update(ctx, b) }},
			{"name over the limit", false, func() error { b := a; b.Name = name(4096); return s.Update(ctx, b) }},
			{"name with a NUL", false, func() error { b := a; b.Name = "a\x00b"; return s.Update(ctx, b) }},
			{"password at the limit", true, func() error { b := a; b.Password = name(255); return s.Update(ctx, b) }},
			{"password over the limit", false, func() error { b := a; b.Password = name(256); return s.Update(ctx, b) }},
			{"password that is not UTF-8", false, func() error { b := a; b.Password = "hunter2\xff"; return s.Update(ctx, b) }},
			{"language over the limit", false, func() error { b := a; b.Language = name(26); return s.Update(ctx, b) }},
			{"contact at the limit", true, func() error { return s.Save(ctx, a.ID, &users.Contact{Name: name(255)}) }},
			{"contact over the limit", false, func() error { return s.Save(ctx, a.ID, &users.Contact{Name: name(256)}) }},
			{"contact without a name", false, func() error { return s.Save(ctx, a.ID, &users.Contact{Alias: "x"}) }},
			{"one of several contacts", false, func() error {
				return s.Save(ctx, a.ID, &users.Contact{Name: "unsaved"}, &users.Contact{Name: "\xff"})
			}},
			{"setting at the limit", true, func() error { return s.Set(ctx, a.ID, name(50), name(255)) }},
			{"name of a setting over the limit", false, func() error { return s.Set(ctx, a.ID, name(51), "1") }},
			{"setting over the limit", false, func() error { return s.Set(ctx, a.ID, "x", name(4096)) }},
		}
		for _, test := range tests {
			err := test.write()
			if test.fits != (err == nil) || !test.fits && (!errors.Is(err, users.ErrInvalid) || errors.Is(err, users.ErrUnavailable)) {
				t.Errorf("%s: %v", test.name, err)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || len(err.Error()) > 200) {
				t.Errorf("%s: the error shows the value: %v", test.name, err)
			}
		}
		contacts, err := s.Contacts(ctx, a.ID)
		if err != nil || len(contacts) != 1 {
			t.Errorf("%d contacts, %v", len(contacts), err)
		}
	})
}

// TestCharactersThatMySQLCannotHoldAreReplacedOrInvalid tests the columns of MySQL, which hold at most three bytes a
// character.
func TestCharactersThatMySQLCannotHoldAreReplacedOrInvalid(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		id := register(t, s, alice).ID
		alias, group, named := "C😀", []string{"G😀"}, error(nil)
		if s.DB().Engine() == database.MySQL {
			alias, group, named = "C\uFFFD", []string{"G\uFFFD"}, users.ErrInvalid
		}
		if err := s.Save(t.Context(), id, &users.Contact{Name: "carol", Alias: "C😀", Groups: []string{"G😀"}}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Contacts(t.Context(), id)
		if err != nil || got[0].Alias != alias || !reflect.DeepEqual(got[0].Groups, group) {
			t.Errorf("%+v %v", got, err)
		}
		if err := s.Save(t.Context(), id, &users.Contact{Name: "😀"}); !errors.Is(err, named) {
			t.Error(err)
		}
	})
}
