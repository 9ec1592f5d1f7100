//go:build e2e

package e2e_test

import (
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A relay is the connection between the transport and the XMPP server, with faults.
type relay struct {
	listener net.Listener
	target   string
	watch    func(ours bool, data []byte) // sees what passes; optional

	mu      sync.Mutex
	conns   []net.Conn
	stalled map[net.Conn]bool // what is sent to or from these vanishes
	cut     bool              // the next data of the transport is cut in its middle
}

// relay puts a relay in front of the component port of the XMPP server.
func (b *bed) relay() *relay {
	b.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	r := &relay{listener: listener, target: net.JoinHostPort("127.0.0.1", strconv.Itoa(b.componentPort))}
	b.t.Cleanup(func() {
		_ = listener.Close()
		r.closeAll()
	})
	b.componentPort = listener.Addr().(*net.TCPAddr).Port
	b.configureSpectrum()
	go r.accept()
	return r
}

func (r *relay) accept() {
	for {
		from, err := r.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", r.target)
		if err != nil {
			_ = from.Close()
			continue
		}
		r.mu.Lock()
		r.conns = append(r.conns, from, to)
		r.mu.Unlock()
		go r.pass(from, to, true)
		go r.pass(to, from, false)
	}
}

// pass copies data. ours is the direction from the transport.
func (r *relay) pass(from, to net.Conn, ours bool) {
	defer from.Close()
	defer to.Close()
	data := make([]byte, 64<<10)
	for {
		n, err := from.Read(data)
		if err != nil {
			return
		}
		r.mu.Lock()
		stalled, cut := r.stalled[from], ours && r.cut
		r.cut = r.cut && !ours
		r.mu.Unlock()
		if stalled {
			continue
		}
		if cut {
			n /= 2
		}
		if r.watch != nil {
			r.watch(ours, data[:n])
		}
		if _, err := to.Write(data[:n]); err != nil || cut {
			return
		}
	}
}

// cutNext closes the connection in the middle of what the transport sends next.
func (r *relay) cutNext() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = true
}

// stall lets nothing pass any more on the present connections.
func (r *relay) stall() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stalled = map[net.Conn]bool{}
	for _, conn := range r.conns {
		r.stalled[conn] = true
	}
}

// count returns how many connections the relay has passed on.
func (r *relay) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns) / 2
}

func (r *relay) closeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range r.conns {
		_ = conn.Close()
	}
}

// TestServeFaults has an XMPP server that closes the stream inside a stanza, restarts, refuses
// the secret, and stalls. The session of a user who stays connected lasts.
func TestServeFaults(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"Prosody", "ejabberd"} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			b := prepareBed(t, bedConfig{serve: true, xmpp: strings.TrimPrefix(server, "Prosody"), sections: "[settings]\nstay_connected=1"})
			b.survivesFaults()
		})
	}
}

func (b *bed) survivesFaults() {
	t := b.t
	t.Helper()
	r := b.relay()
	b.startSpectrum()
	b.waitSpectrum()
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")
	alice.echoes()

	opened := b.streamsOpened()
	r.cutNext()
	alice.echoes() // the answer is sent again after the cut
	b.until("the stream is opened again", func() bool { return b.streamsOpened() > opened })
	// If the first half had the whole answer, the server did not confirm it.
	if n := len(alice.seen(messageFrom(b.contact("echo")))); n > 2 {
		t.Errorf("the answer arrives %d times", n)
	}

	b.restartWithSecret("another-" + secret)
	b.waitLog("backend-1.log", "secret")
	b.restartWithSecret(secret)
	b.until("the stream is opened again", func() bool { return b.streamsOpened() > 0 })
	alice = b.client("alice") // the server has lost its clients
	alice.available()
	alice.waitOnline()
	alice.echoes()

	if !testing.Short() {
		opened = b.streamsOpened()
		r.stall()
		b.patience = 3 * time.Minute // pings are sent after a minute of silence
		if !b.poll(b.patience, func() bool { return b.streamsOpened() > opened }) {
			t.Fatalf("the transport does not leave a stalled connection; it has made %d in all", r.count())
		}
		alice.echoes()
	}
	if n := strings.Count(b.log("backend-1.log"), "logged in took"); n != 1 {
		t.Errorf("the session has begun %d times", n)
	}
}

// restartWithSecret restarts the XMPP server, which expects another secret of the transport.
func (b *bed) restartWithSecret(now string) {
	b.t.Helper()
	if _, err := b.server.stop(patience); err != nil {
		b.t.Fatal(err)
	}
	config := b.xmpp().config
	b.write(config, secretInConfig.ReplaceAllString(b.log(config), strconv.Quote(now)))
	b.restartXMPP()
}

var secretInConfig = regexp.MustCompile(`"[a-z-]*` + secret + `"`)
