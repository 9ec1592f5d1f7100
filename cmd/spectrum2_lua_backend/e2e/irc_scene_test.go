//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The scenario of IRC runs the same steps with our script and with Debian's C++ backend, in
// both modes. Each step is a row of the table in docs/admin/irc.md. A failing step of the C++
// backend is skipped; a failing step of our script fails the test.

// An ircMode is one way of naming rooms.
type ircMode struct {
	name string
	one  bool // all rooms are on one server, which the config names
}

var ircModes = []ircMode{{"one server", true}, {"many servers", false}}

// An ircScene is a bed with an IRC server and its users. Alice and dora are XMPP users of the
// transport. Carol, dave and frank use IRC: carol is an operator of the room, dave is in no
// room, and frank joins and leaves.
type ircScene struct {
	*bed
	mode        ircMode
	ours        bool
	server      *ircServer
	room        string // its JID; on IRC it is "#room"
	alice, dora *client
	carol, dave *ircUser
}

// ircPatience is the limit of a wait with the C++ backend; most steps take some
// milliseconds. It is longer with E2E_UPDATE, which writes the table.
func ircPatience() time.Duration {
	if os.Getenv("E2E_UPDATE") != "" {
		return 6 * time.Second
	}
	return 3 * time.Second
}

// newIRCScene starts all programs and logs alice in.
func newIRCScene(t *testing.T, column ircColumn) *ircScene {
	t.Helper()
	mode, ours := column.mode, column.ours
	config := bedConfig{jid: "irc.localhost", users: []string{"alice", "dora", "erin"}, serve: column.serve, xmpp: column.xmpp}
	if ours {
		config.file, config.files, config.lua = "scripts/irc.lua", ircModules(t), "reload = 1"
		config.sections = "[irc]\nflood_seconds = 0.1" // this server accepts it
	} else {
		config.inChroot = libcommuni
	}
	b := prepareBed(t, config)
	if !ours {
		b.unmet = func(format string, args ...any) { t.Helper(); t.Skipf(format, args...) }
	}
	s := &ircScene{bed: b, mode: mode, ours: ours, server: startIRC(t, b)}
	b.config.service = "irc_away_timeout=1"
	if mode.one {
		b.config.service += "\nirc_server=" + s.server.address()
	}
	s.room = s.roomJID("#room")
	s.carol, s.dave = s.server.user("carol"), s.server.user("dave")
	s.carol.join("#room")
	s.carol.send("TOPIC #room :first topic")
	s.carol.wait("TOPIC #room")
	b.configureSpectrum()
	b.startSpectrum()
	b.waitSpectrum()
	s.alice, s.dora = b.client("alice"), b.client("dora")
	s.alice.onlineAs("alice")
	s.dora.onlineAs("dora")
	return s
}

// ircModules returns the files that scripts/irc.lua requires.
func ircModules(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(repository, "scripts/irc/*.lua"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("scripts/irc/*.lua: %v, %v", paths, err)
	}
	files := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files["irc/"+filepath.Base(path)] = string(content)
	}
	return files
}

func (s *ircScene) roomJID(channel string) string { return s.personJID(channel) }

func (s *ircScene) personJID(nick string) string {
	if s.mode.one {
		return nick + "@" + s.jid
	}
	return nick + "%" + s.server.host + "@" + s.jid
}

// enter makes the users join the room.
func (s *ircScene) enter() {
	s.t.Helper()
	s.alice.join(s.room, "alice")
	s.dora.join(s.room, "dora")
	s.alice.wait("dora is in the room", occupant(s.room, "dora"))
}

// step begins a step of all users.
func (s *ircScene) step(name string) {
	for _, c := range s.clients {
		c.step("%s", name)
	}
	for _, u := range s.ircUsers {
		u.step()
	}
}

// An outcome is the result of a step.
type outcome struct {
	Done  bool
	Wants string `json:",omitempty"` // the event that is missing
}

// play runs a step as a subtest.
func (s *ircScene) play(t *testing.T, step ircStep) outcome {
	var missing string
	parent, met := s.t, s.unmet
	ok := t.Run(step.name, func(t *testing.T) {
		s.t = t
		s.unmet = func(format string, args ...any) {
			t.Helper()
			missing = fmt.Sprintf(format, args...)
			if !s.ours {
				t.Skip(missing)
			}
			t.Fatal(missing)
		}
		s.step(step.name)
		step.play(s)
	})
	s.t, s.unmet = parent, met
	return outcome{Done: ok && missing == "", Wants: missing}
}

// miss ends a step that failed.
func (s *ircScene) miss(format string, args ...any) {
	s.t.Helper()
	s.unmet(format, args...)
}

func (c *client) sayTo(to, body string) {
	c.bed.t.Helper()
	c.do(command{"do": "message", "to": to, "body": body})
}

func (c *client) sayIn(room, body string) {
	c.bed.t.Helper()
	c.do(command{"do": "message", "to": room, "type": "groupchat", "body": body})
}

// saidIn matches a message of an occupant in a room.
func saidIn(room, nick, body string) func(event) bool {
	return func(e event) bool {
		return e.Event == "message" && e.Type == "groupchat" && e.From == room+"/"+nick && e.Body == body
	}
}

// told matches a message with these words from any sender.
func told(words ...string) func(event) bool {
	return func(e event) bool { return e.Event == "message" && e.Body != "" && hasAll(e.Body, words) }
}

// gone matches a departure from a room, with the status code of the reason unless code is 0.
func gone(room, nick string, code int) func(event) bool {
	return func(e event) bool {
		return e.Event == "presence" && e.Type == "unavailable" && e.From == room+"/"+nick && hasCode(e, code)
	}
}

func hasCode(e event, code int) bool {
	if code == 0 {
		return true
	}
	if e.MUC == nil {
		return false
	}
	for _, c := range e.MUC.Codes {
		if c == code {
			return true
		}
	}
	return false
}

// role matches an occupant's presence with a role.
func role(room, nick, want string) func(event) bool {
	return func(e event) bool { return occupant(room, nick)(e) && e.MUC.Role == want }
}

// refused matches the answer to a join that failed.
func refused(room string) func(event) bool {
	return func(e event) bool {
		return e.Event == "presence" && bare(e.From) == room && e.Type == "error"
	}
}

// saidOnIRC returns the text after PRIVMSG and its target in a line.
func saidOnIRC(line, target string) string {
	_, text, _ := strings.Cut(line, " PRIVMSG "+target+" :")
	return text
}
