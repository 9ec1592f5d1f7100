//go:build e2e

package e2e_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const (
	xmppDomain   = "localhost"
	secondDomain = "second.localhost"
	password     = "pw" // of every XMPP account
	secret       = "component-secret"
)

// An xmppServer is one kind of XMPP server, and what its log says.
type xmppServer struct {
	program string // needed in the chroot
	config  string // name of its config in the bed's folder
	log     string // name of its log in the bed's folder
	probes  bool   // it answers a request for a subscription with the presence of the user, too
	grants  bool   // with privileges, the transport can set subscriptions
	prepare func(b *bed)
	command func(b *bed) []string
	// Expressions for lines of the log.
	ready     []string       // the server accepts clients and components
	component string         // the component has authenticated
	closed    string         // the server has closed the component's stream
	wrong     *regexp.Regexp // somebody has broken the protocol
	harmless  *regexp.Regexp // lines that match wrong, too, but are no such error
}

var xmppServers = map[string]*xmppServer{"": prosodyServer, "ejabberd": ejabberdServer}

// xmpp returns the bed's kind of XMPP server.
func (b *bed) xmpp() *xmppServer { return xmppServers[b.config.xmpp] }

// setsSubscriptions reports whether the transport adds contacts to rosters, so that users need
// not accept them.
func (b *bed) setsSubscriptions() bool { return b.config.privileges && b.xmpp().grants }

// xmppLog returns the log of the XMPP server.
func (b *bed) xmppLog() string { return b.host().log(b.xmpp().log) }

// host returns the bed that has the XMPP server.
func (b *bed) host() *bed {
	if b.config.guestOf != nil {
		return b.config.guestOf
	}
	return b
}

// startXMPP starts the XMPP server with an account for each user.
func (b *bed) startXMPP() {
	b.t.Helper()
	b.requires(b.xmpp().program)
	if err := os.MkdirAll(b.path("server"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	b.xmpp().prepare(b)
	b.restartXMPP()
}

// restartXMPP starts the XMPP server with the config and the accounts that it has.
func (b *bed) restartXMPP() {
	b.t.Helper()
	if err := os.Remove(b.path(b.xmpp().log)); err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Fatal(err)
	}
	b.server = b.start("server", b.xmpp().command(b)...)
	for _, line := range b.xmpp().ready {
		b.waitLog(b.xmpp().log, line)
	}
}

// waitComponent waits until the XMPP server has accepted the transport.
func (b *bed) waitComponent() {
	b.t.Helper()
	b.waitLog(b.xmpp().log, b.xmpp().component)
}

// streamsClosed returns how often the XMPP server has closed the transport's stream.
func (b *bed) streamsClosed() int { return countLines(b.xmppLog(), b.xmpp().closed) }

// streamsOpened returns how often the XMPP server has accepted the transport.
func (b *bed) streamsOpened() int { return countLines(b.xmppLog(), b.xmpp().component) }

func countLines(log, expression string) int {
	return len(regexp.MustCompile("(?m)"+expression).FindAllStringIndex(log, -1))
}

// protocolErrors returns the lines of the XMPP server's log that report a broken protocol.
func (b *bed) protocolErrors() []string {
	var found []string
	for line := range strings.Lines(b.xmppLog()) {
		if b.xmpp().wrong.MatchString(line) && (b.xmpp().harmless == nil || !b.xmpp().harmless.MatchString(line)) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// requires skips a test whose program the Debian archive could not provide. The last lines of
// run.sh name the program.
func (b *bed) requires(programs ...string) {
	b.t.Helper()
	for _, program := range programs {
		if _, err := os.Stat(filepath.Join(root, program)); err != nil {
			b.t.Skipf("NOT TESTED: the Debian archive did not provide %s", program)
		}
	}
}

// accounts returns the name and the domain of each XMPP account.
func (b *bed) accounts() [][2]string {
	var accounts [][2]string
	for _, user := range b.config.users {
		name, domain := b.account(user)
		accounts = append(accounts, [2]string{name, domain})
	}
	return accounts
}

// account returns the name and the domain of a user; a name without a domain is at localhost.
func (b *bed) account(user string) (name, domain string) {
	name, domain, found := strings.Cut(user, "@")
	switch {
	case found:
	case b.config.server:
		domain = b.jid
	default:
		domain = xmppDomain
	}
	return name, domain
}
