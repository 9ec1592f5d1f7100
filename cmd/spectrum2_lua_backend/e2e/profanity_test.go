//go:build e2e

package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Lines of profanity's log that report an error, and those of them that do not concern the
// transport: there are no keys of OMEMO, and the XMPP server lacks services.
var (
	profanityErrors   = regexp.MustCompile(`(prof|conn|xmpp): (ERR|WRN|WARN): `)
	profanityHarmless = regexp.MustCompile(`OMEMO|IQ error received|Server doesn't (support|advertise)`)
)

// registered is the line of profanity's log with the answer to the request reg1.
var registered = regexp.MustCompile(`RECV: <iq [^>]*(id="reg1"[^>]*type="result"|type="result"[^>]*id="reg1")`)

// A screen is a program in a terminal that tmux emulates.
type screen struct {
	bed    *bed
	socket string
}

// terminal starts a program in a terminal of its own.
func (b *bed) terminal(name string, program ...string) *screen {
	b.t.Helper()
	b.requires("usr/bin/tmux", "usr/bin/"+program[0])
	s := &screen{b, b.inside(name + ".tmux")}
	// The chroot has no pseudo terminals.
	server := b.start(name, "sh", "-c",
		"mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && exec tmux -D -f /dev/null -S "+s.socket)
	b.helpers = append(b.helpers, server)
	b.until("tmux runs", func() bool { return s.tmux("show-options", "-g") == nil })
	if err := s.tmux(append([]string{"new-session", "-d", "-x", "150", "-y", "50"}, program...)...); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if b.t.Failed() {
			b.t.Logf("---- the screen of %s\n%s", name, s.text())
		}
	})
	return s
}

// tmux runs a command of tmux.
func (s *screen) tmux(args ...string) error {
	cmd := s.bed.command(append([]string{"tmux", "-N", "-S", s.socket}, args...)...)
	cmd.Env = append(cmd.Env, "TERM=xterm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("tmux %s: %w: %s", args[0], err, out)
	}
	return nil
}

// enter types a line.
func (s *screen) enter(format string, args ...any) {
	s.bed.t.Helper()
	for _, keys := range [][]string{{"send-keys", "-l", fmt.Sprintf(format, args...)}, {"send-keys", "Enter"}} {
		if err := s.tmux(keys...); err != nil {
			s.bed.t.Fatal(err)
		}
	}
}

// text returns what the terminal shows.
func (s *screen) text() string {
	out, _ := s.bed.command("tmux", "-N", "-S", s.socket, "capture-pane", "-p").Output()
	return strings.TrimSpace(string(out))
}

// shows waits until the terminal shows something that matches.
func (s *screen) shows(expression string) {
	s.bed.t.Helper()
	re := regexp.MustCompile(expression)
	if !s.bed.poll(s.bed.patience, func() bool { time.Sleep(80 * time.Millisecond); return re.MatchString(s.text()) }) {
		s.bed.t.Fatalf("the terminal does not show %q within %v", expression, s.bed.patience)
	}
}

const profanityAccount = `[alice]
enabled=true
jid=alice@%s
password=%s
server=127.0.0.1
port=%d
tls.policy=disable
resource=profanity
muc.nick=alice
`

// profanity starts the client and logs alice in.
func (b *bed) profanity() *screen {
	b.t.Helper()
	b.write(".local/share/profanity/accounts", fmt.Sprintf(profanityAccount, xmppDomain, password, b.xmppPort))
	b.write(".config/profanity/profrc", "[ui]\nsplash=false\n[logging]\nmaxsize=100000000\n[notifications]\nmessage=false\n")
	s := b.terminal("profanity", "profanity", "-a", "alice", "-l", "DEBUG", "-f", b.inside("profanity.log"))
	s.shows(`alice@localhost.*logged in|logged in successfully`)
	return s
}

// TestServeProfanity has a user of the client profanity, who registers, adds a contact, chats
// and joins a room.
func TestServeProfanity(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"", "ejabberd"} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			typesInProfanity(t, newBed(t, bedConfig{serve: true, xmpp: server}))
		})
	}
}

func typesInProfanity(t *testing.T, b *bed) {
	t.Helper()
	alice := b.profanity()

	// Profanity has no form for jabber:iq:register, so the user types the request.
	alice.enter("/xmlconsole")
	alice.enter(`<iq type="set" id="reg1" to="%s"><query xmlns="jabber:iq:register"><username>%s</username><password>%s</password></query></iq>`,
		b.jid, legacyName, legacyPassword)
	// The stanza is in the log, too; on the screen, later ones of the server take its place.
	b.until("alice is registered", func() bool { return registered.MatchString(b.log("profanity.log")) })
	// And /sub takes no address without a user name.
	alice.enter(`<presence to="%s" type="subscribed"/>`, b.jid)
	alice.enter("/win 1")
	alice.shows(`authorization request from (Echo|echo@)`)

	alice.enter("/roster add %s Echo", b.contact("echo"))
	alice.enter("/sub allow %s", b.contact("echo"))
	alice.enter("/sub request %s", b.contact("echo"))
	alice.enter("/msg %s hello from a terminal", b.contact("echo"))
	alice.shows(`(?s)hello from a terminal.*(Echo|echo).*hello from a terminal`)

	alice.enter("/join %s nick alice", b.room())
	alice.shows(`(?s)You have joined the room|Participants|-> You have joined`)
	alice.enter("good morning, room")
	alice.shows(`(?s)alice: good morning, room|echo: good morning, room`)
	alice.enter("/leave")
	alice.enter("/quit")
	b.until("profanity ends", func() bool { return alice.tmux("has-session") != nil })

	errorOfTransport := regexp.MustCompile(`RECV: <[^>]*(type="error"[^>]*from="[^"]*` + regexp.QuoteMeta(b.jid) +
		`|from="[^"]*` + regexp.QuoteMeta(b.jid) + `[^>]*type="error")`)
	for line := range strings.Lines(b.log("profanity.log")) {
		if profanityErrors.MatchString(line) && !profanityHarmless.MatchString(line) || errorOfTransport.MatchString(line) {
			t.Errorf("profanity logs an error: %s", strings.TrimSpace(line))
		}
	}
	b.streamHolds()
	b.nothingWrong()
}
