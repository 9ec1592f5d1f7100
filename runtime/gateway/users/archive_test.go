package users_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/gateway/users"
)

// archived returns the ids of messages, or the error.
func archived(all []users.Archived, err error) string {
	if err != nil {
		return err.Error()
	}
	var ids []string
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	return strings.Join(ids, " ")
}

func TestArchiveReturnsPagesInTheOrderOfTime(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		begin := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		message := func(address, id string, second int) users.Archived {
			return users.Archived{JID: alice, Address: address, Room: strings.HasPrefix(address, "#"), ID: id, Time: begin.Add(time.Duration(second) * time.Second), Stanza: "<" + id + "/>"}
		}
		other := message("carol", "x", 1)
		other.JID = "bob@example.net"
		for _, batch := range [][]users.Archived{
			{message("carol", "a", 1), message("carol", "b", 1), message("dave", "c", 2), message("#r", "d", 3), other},
			{message("carol", "a", 9), message("carol", "late", 0), message("#r", "a", 4), message("carol", "e", 5)},
			{message("carol", strings.Repeat("i", 300), 6)},
		} {
			if err := s.SaveArchived(ctx, batch); err != nil {
				t.Fatal(err)
			}
		}
		order := func(p users.Span, id string) int64 {
			n, ok, err := s.FindArchived(ctx, p, id)
			if err != nil || !ok {
				t.Errorf("%s is not found: %v", id, err)
			}
			return n
		}
		chats, carol, room := users.Span{JID: alice}, users.Span{JID: alice, Address: "carol"}, users.Span{JID: alice, Address: "#r"}
		after := carol
		after.After = order(carol, "a")
		before := chats
		before.Before = order(chats, "e")
		for _, c := range []struct {
			span  users.Span
			most  int
			last  bool
			want  string
			count int
		}{
			{chats, 10, false, "late a b c e", 5},
			{carol, 10, false, "late a b e", 4},
			{carol, 2, false, "late a", 4},
			{carol, 2, true, "b e", 4},
			{room, 10, false, "d a", 2},
			{after, 10, false, "b e", 2},
			{before, 2, true, "b c", 4},
			{users.Span{JID: "bob@example.net"}, 10, false, "x", 1},
			{users.Span{JID: "nobody@example.net"}, 10, false, "", 0},
		} {
			if got := archived(s.Archived(ctx, c.span, c.most, c.last)); got != c.want {
				t.Errorf("%+v: %q, not %q", c.span, got, c.want)
			}
			if n, err := s.CountArchived(ctx, c.span); err != nil || n != c.count {
				t.Errorf("%+v: %d messages, not %d, %v", c.span, n, c.count, err)
			}
		}
		if _, ok, err := s.FindArchived(ctx, carol, "c"); ok || err != nil {
			t.Errorf("a message of another chat is found: %v", err)
		}
		one, err := s.Archived(ctx, carol, 2, false)
		if err != nil || one[1].Stanza != "<a/>" || !one[1].At().Equal(begin.Add(time.Second)) || one[1].Room || one[1].Address != "carol" {
			t.Errorf("%+v, %v", one, err)
		}
	})
}

func TestArchiveIsBoundedAndForgotten(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		a := register(t, s, alice)
		begin := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		var all []users.Archived
		for i := range 10 {
			all = append(all, users.Archived{JID: alice, Address: "carol", ID: fmt.Sprint(i), Time: begin.Add(time.Duration(i) * time.Hour), Stanza: "<m/>"},
				users.Archived{JID: "bob@example.net", Address: "carol", ID: fmt.Sprint(i), Time: begin.AddDate(0, 0, i), Stanza: "<m/>"})
		}
		if err := s.SaveArchived(ctx, all); err != nil {
			t.Fatal(err)
		}
		span := users.Span{JID: alice}
		for _, c := range []struct {
			oldest int
			most   int
			want   string
		}{{2, 100, "2 3 4 5 6 7 8 9"}, {0, 5, "5 6 7 8 9"}, {7, 5, "7 8 9"}, {0, 3, "7 8 9"}} {
			if err := s.TrimArchive(ctx, alice, begin.Add(time.Duration(c.oldest)*time.Hour), c.most); err != nil {
				t.Fatal(err)
			}
			if got := archived(s.Archived(ctx, span, 100, false)); got != c.want {
				t.Errorf("%+v: %q", c, got)
			}
		}
		if err := s.ExpireArchive(ctx, begin.Add(8*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := archived(s.Archived(ctx, span, 100, false)); got != "8 9" {
			t.Errorf("after the time: %q", got)
		}
		if err := s.Unregister(ctx, a.ID); err != nil {
			t.Error(err)
		}
		if got := archived(s.Archived(ctx, span, 100, false)); got != "" {
			t.Errorf("an unknown user has the messages %q", got)
		}
		if n, err := s.CountArchived(ctx, users.Span{JID: "bob@example.net"}); n != 9 || err != nil {
			t.Errorf("another user has %d messages, %v", n, err)
		}
	})
}

func TestArchiveChangesStoredMessages(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		begin := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		message := func(jid, address string, n int) users.Archived {
			return users.Archived{JID: jid, Address: address, ID: fmt.Sprint(n), Time: begin, Stanza: fmt.Sprintf("<m%d/>", n)}
		}
		var all []users.Archived
		for n := range 250 { // more than a page
			all = append(all, message(alice, "carol", n))
		}
		all = append(all, message(alice, "dave", 1), message("bob@example.net", "carol", 1))
		seen := 0
		rewrite := users.Rewrite{JID: alice, Address: "carol", Begin: func() func(string) (string, bool) {
			return func(stanza string) (string, bool) {
				seen++
				switch stanza {
				case "<m240/>", "<m1/>":
					return "<gone/>", stanza == "<m1/>"
				}
				return "", false
			}
		}}
		if err := s.SaveArchived(ctx, all, rewrite); err != nil {
			t.Fatal(err)
		}
		if seen != 249 { // without the message 0
			t.Errorf("%d messages are read", seen)
		}
		gone := ""
		for _, span := range []users.Span{{JID: alice}, {JID: "bob@example.net"}} {
			stored, err := s.Archived(ctx, span, 1000, false)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range stored {
				if m.Stanza == "<gone/>" {
					gone += fmt.Sprintf("%s %s %s %s, ", m.JID, m.Address, m.ID, m.At().Format(time.TimeOnly))
				}
			}
		}
		if gone != alice+" carol 1 12:00:00, "+alice+" carol 240 12:00:00, " {
			t.Errorf("changed: %s", gone)
		}
		if err := s.SaveArchived(ctx, nil, users.Rewrite{JID: "nobody@example.net", Begin: rewrite.Begin}); err != nil {
			t.Error(err)
		}
	})
}
