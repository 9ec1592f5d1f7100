package console

import (
	"slices"
	"testing"
)

// TestCompleteNamesFromTheAnnotations has no process.
func TestCompleteNamesFromTheAnnotations(t *testing.T) {
	for _, c := range []struct {
		before, user string
		readOnly     bool
		start        int
		has, lacks   string
	}{
		{"spec", "", false, 0, "spectrum", ""},
		{"x = spectrum.sl", "", false, 13, "sleep", "conv_message"},
		{"spectrum.config.g", "", false, 16, "get", ""},
		{`session("a@b"):con`, "", false, 15, "conv_message", "data"},
		{`session('a@b').da`, "", false, 15, "data", "conv_message"},
		{`session("a@b").da`, "", true, 15, "data", "conv_message"},
		{"session:con", "a@b", false, 8, "conv_message", ""},
		{"session:con", "", false, 8, "", "conv_message"},
		{"session:conv_message { bud", "a@b", false, 23, "buddy_name", "session"},
		{"session:conv_message { message = 'x', ", "a@b", false, 38, "buddy_name", "session"},
		{"session:conv_message { message = ses", "a@b", false, 33, "session", "buddy_name"},
		{"session:conv_message { bud", "a@b", true, 23, "session", "buddy_name"},
		{"f(x).spec", "", false, 5, "", "spectrum"},
		{"t[1].spec", "", false, 5, "", "spectrum"},
		{"x.spectrum.sl", "", false, 11, "", "sleep"},
		{`"spec`, "", false, 5, "", "spectrum"},
		{`'it\'s' .. spec`, "", false, 11, "spectrum", ""},
		{"1 .. spec", "", false, 5, "spectrum", ""},
		{"", "", false, 0, "spectrum", ""},
		{"sessions()[1]:con", "", false, 14, "conv_message", "data"},
		{"sessions()[#sessions()].da", "", false, 24, "data", "conv_message"},
		{"sessions()[1].da", "", true, 14, "data", "conv_message"},
		{"sessions()[1]:", "", true, 14, "", "conv_message"},
		{"sessions():", "", false, 11, "", "conv_message"},
		{"sessions().", "", false, 11, "", "data"},
		{"spectrum.sessions()[1]:con", "", false, 23, "conv_message", ""},
		{`spectrum.session("a@b"):con`, "", false, 24, "conv_message", ""},
		{`session "a@b":con`, "", false, 14, "conv_message", ""},
		{"session(user):con", "", false, 14, "conv_message", ""},
		{`session(f(")", {[1] = '"'})):con`, "", false, 29, "conv_message", ""},
		{`session("a@b"):con`, "a@b", false, 15, "", "conv_message"},
		{`session("a@b")["da`, "", false, 18, "", "data"},
		{`spectrum["config"].g`, "", false, 19, "get", ""},
		{`session("a@b"):store("x"):`, "", false, 26, "get", "conv_message"},
		{`session("a@b"):store("x"):get("y").`, "", false, 35, "", "get"},
		{`session("a@b").store("x"):`, "", false, 26, "", "get"},
		{`session("a@b"):store("x"):`, "", true, 26, "", "get"},
		{`x = require("spectrum.net").con`, "", false, 28, "connect", ""},
		{`require "spectrum.net".con`, "", false, 23, "connect", ""},
		{`require "spectrum.nothing".con`, "", false, 27, "", "connect"},
		{"sessions()[1]:conv_message { bud", "", false, 29, "buddy_name", "session"},
		{"(session)(1):con", "", false, 13, "", "conv_message"},
		{"return (1):con", "", false, 11, "", "conv_message"},
		{"sessions)[1]:con", "", false, 13, "", "conv_message"},
		{"[1]:con", "", false, 4, "", "conv_message"},
	} {
		con := &Console{opts: Options{User: c.user, ReadOnly: c.readOnly}}
		start, words := con.Complete(c.before)
		if start != c.start || c.has != "" && !slices.Contains(words, c.has) || c.lacks != "" && slices.Contains(words, c.lacks) {
			t.Errorf("%s: from %d %q", c.before, start, words)
		}
	}
}

// TestPathOfAnExpression has expressions whose names the process knows, and others.
func TestPathOfAnExpression(t *testing.T) {
	for _, c := range []struct {
		expression, user string
		ok               bool
		whose            string
		names            []string
	}{
		{"state.users", "", true, "", []string{"state", "users"}},
		{"spectrum.data", "", true, "", []string{"spectrum", "data"}},
		{`session("a@b").data.x`, "", true, "a@b", []string{"data", "x"}},
		{"session.data.x", "a@b", true, "a@b", []string{"data", "x"}},
		{"session.data", "", true, "", []string{"session", "data"}},
		{"session(user).data", "", false, "", nil},
		{"sessions()[1].data", "", false, "", nil},
		{`state["users"]`, "", false, "", nil},
		{"f().x", "", false, "", nil},
	} {
		e, ok := chainAtEnd(c.expression)
		if !ok {
			t.Errorf("%s is no chain", c.expression)
		}
		con := &Console{opts: Options{User: c.user}}
		if whose, names, ok := con.path(e); ok != c.ok || ok && (whose != c.whose || !slices.Equal(names, c.names)) {
			t.Errorf("%s: %q, %q, %t", c.expression, whose, names, ok)
		}
	}
}
