package chat

import (
	"slices"
	"strings"
	"testing"

	"spectrumlua/runtime/words"
)

func TestPasswordsAreMasked(t *testing.T) {
	cases := []struct{ line, masked, kept string }{
		{"hello", "hello", "hello"},
		{"my password=none of yours", "my password=none of yours", "my password=none of yours"},
		{"/login", "/login", "/login"},
		{"/login alice", "/login alice", "/login alice"},
		{"/login alice hunter2", "/login alice ***", "/login alice"},
		{"/LOGIN  alice  hunter2 color=blue", "/LOGIN  alice  *** color=blue", "/LOGIN  alice"},
		{`/login "al ice" "hunter 2"`, `/login "al ice" ***`, `/login "al ice"`},
		{`/login alice "hunter 2`, `/login alice ***`, `/login alice`},
		{"/login alice color=blue", "/login alice color=blue", "/login alice color=blue"},
		{"/login alice hunter2 api_key=x", "/login alice *** api_key=***", "/login alice"},
		{"/join lobby al hunter2", "/join lobby al ***", "/join lobby al"},
		{"/join lobby al", "/join lobby al", "/join lobby al"},
		{"/settings token=x color=blue", "/settings token=*** color=blue", "/settings token=*** color=blue"},
		{`/raw login { password = "hunter \"2\"", x = 1 }`, `/raw login { password = ***, x = 1 }`, `/raw login { password = ***, x = 1 }`},
		{`/raw login {"password": "hunter2", "x": 1}`, `/raw login {"password": ***, "x": 1}`, `/raw login {"password": ***, "x": 1}`},
		{`/raw login { ["password"] = 'hunter2' }`, `/raw login { ["password"] = *** }`, `/raw login { ["password"] = *** }`},
		{"/xml <iq><password>x</password></iq>", "/xml <iq><password>***</password></iq>", "/xml <iq><password>***</password></iq>"},
	}
	for _, c := range cases {
		if got := Masked(c.line); got != c.masked {
			t.Errorf("%q is masked as %q, want %q", c.line, got, c.masked)
		}
		if got := Kept(c.line); got != c.kept {
			t.Errorf("%q is kept as %q, want %q", c.line, got, c.kept)
		}
	}
}

func TestCompleteOffersWordsByPosition(t *testing.T) {
	c := New(Options{})
	c.people.mu.Lock()
	u := c.people.user("alice@localhost")
	u.contacts["echo"], u.contacts["two words"] = "Echo", ""
	u.rooms["lobby"] = &room{"al", map[string]bool{"bob": true}}
	c.people.listed["garden"] = true
	c.people.mu.Unlock()
	cases := []struct {
		before string
		start  int
		some   []string // must be among the words
		never  string   // must not be
	}{
		{"hel", 0, nil, "/help"},
		{"/lo", 0, []string{"/login", "/logout", "/log"}, ""},
		{"/msg ", 5, []string{"echo", `"two words"`, "lobby", "garden", "lobby/bob"}, ""},
		{"/msg echo he", 10, []string{"echo"}, ""},
		{"/join ga", 6, []string{"garden"}, "echo"},
		{"/buddy ", 7, []string{"add", "remove"}, "echo"},
		{"/buddy add ", 11, []string{"echo"}, "add"},
		{"/status a", 8, []string{"online", "away", "dnd"}, ""},
		{"/login alice pw sta", 16, []string{"stay_connected="}, ""},
		{"/login al", 7, nil, "stay_connected="},
		{"/raw con", 5, []string{"conv_message", "login"}, "connected"},
		{"/raw conv_message {bud", 19, []string{"buddy_name", "message"}, "user_name"},
		{"/raw conv_message { message = x, bud", 33, []string{"buddy_name"}, ""},
		{"/raw nothing { x", 15, nil, "buddy_name"},
		{"/as ", 4, []string{"alice"}, ""},
		{"/help w", 6, []string{"wire", "wait", "who"}, ""},
		{"/logout x", 8, nil, "echo"},
		{"/nothing x", 9, nil, "echo"},
	}
	for _, tc := range cases {
		start, words := c.Complete(tc.before)
		if start != tc.start {
			t.Errorf("%q: the word starts at %d, want %d", tc.before, start, tc.start)
		}
		for _, want := range tc.some {
			if !slices.Contains(words, want) {
				t.Errorf("%q: %q is not among %q", tc.before, want, words)
			}
		}
		if slices.Contains(words, tc.never) {
			t.Errorf("%q: %q is among the words", tc.before, tc.never)
		}
	}
}

// TestCommandsFollowTheStyle checks the usage and the one sentence of each command.
func TestCommandsFollowTheStyle(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range groups {
		for _, c := range g.commands {
			if seen[c.name] {
				t.Errorf("two commands have the name /%s", c.name)
			}
			seen[c.name] = true
			name, _, _ := words.Cut(c.usage)
			if name != "/"+c.name {
				t.Errorf("the usage of /%s is %s", c.name, c.usage)
			}
			if c.about == "" || strings.HasSuffix(c.about, ".") {
				t.Errorf("the description of /%s is %q", c.name, c.about)
			}
		}
	}
}

func TestSecretFieldsOfTheLogAreMasked(t *testing.T) {
	for name, want := range map[string]string{"room": "room=x y", "access_token": "access_token=***", "Password": "Password=***"} {
		if got := field(name, "x y"); got != want {
			t.Errorf("the field %s is %q, want %q", name, got, want)
		}
	}
}
