// Package component is the connection of a gateway to an XMPP server: a component stream
// (XEP-0114). It has a reader, a writer, and a queue in front of the writer.
//
// A connection that fails is replaced by another one after a pause, for as long as Run
// runs. Meanwhile the stanzas to send wait in the queue.
//
// # Which stanzas may be lost or arrive twice
//
// The protocol has no acknowledgements (XEP-0198 does not apply to components). Therefore
// the writer sends a ping (XEP-0199) to the component's own JID behind the stanzas. The
// server handles a stream in order, so the stanzas before the ping are confirmed when it
// comes back. The stanzas that are not confirmed when a connection fails are sent again on
// the next one. So no stanza is lost, but the last ones may arrive twice: those that the
// server has handled during the last 20 ms or the last round trip, whichever is longer.
//
// Three limits keep this safe. A stanza that fails three connections in a row is
// considered their cause and dropped. At most MaxQueue bytes wait for confirmation, the
// older ones are considered delivered. At most MaxBacklog bytes wait in all, the oldest
// are dropped.
package component

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/xmltree"
)

// Defaults of Options.
const (
	// DefaultMaxStanza is larger than what servers accept from clients and from other
	// servers (256 and 512 KiB), because a stanza may grow when a server writes it again.
	DefaultMaxStanza = 4 << 20
	// DefaultMaxSend is the limit of Prosody, component_stanza_size_limit.
	DefaultMaxSend      = 512 << 10
	DefaultMaxQueue     = 4 << 20
	DefaultMaxBacklog   = 16 << 20
	DefaultPingAfter    = time.Minute
	DefaultPingTimeout  = 30 * time.Second
	DefaultWriteTimeout = time.Minute
	DefaultLoginTimeout = 20 * time.Second
)

// maxDepth and maxElements limit a stanza in both directions.
const (
	maxDepth    = 100
	maxElements = 20_000
)

// ErrClosed is returned by Send after Close.
var ErrClosed = errors.New("the connection to the XMPP server is closed")

// Options are the settings of a Component. JID, Password, Address and Handle are
// required; the zero value of every other field selects its default.
type Options struct {
	JID      string // of the component, such as irc.example.org
	Password string // the secret that the server's config has for this JID
	Address  string // host:port of the server
	// Handle is called for every message, presence and iq, in order, by the goroutine
	// of Run. An element in the namespace of the stream, or in jabber:client, has the
	// Space "". Reading pauses while Handle blocks. Its context ends when Run has to
	// return.
	Handle func(ctx context.Context, stanza *xmltree.Node)
	// Up is called after each login and before the first Handle, by the goroutine of
	// Run.
	Up func()
	// Down is called after Up when the connection has failed, by the goroutine of Run.
	// The error is an *Error.
	Down func(err error)
	// FirstFailed is called when the first attempt fails, by the goroutine of Run. Run
	// returns the *Error if it returns true, and tries again otherwise, as it does
	// without FirstFailed.
	FirstFailed func(err error) bool
	// MaxStanza is the size of the longest stanza that is read, in bytes; default
	// DefaultMaxStanza. A longer one is skipped and answered with an error.
	MaxStanza int
	// MaxSend is the size of the longest stanza that Send accepts, in bytes; default
	// DefaultMaxSend.
	MaxSend int
	// MaxQueue is the number of bytes to write from which the component is Full;
	// default DefaultMaxQueue.
	MaxQueue int
	// MaxBacklog is the number of bytes that wait at most, above all without a
	// connection; default DefaultMaxBacklog.
	MaxBacklog int
	// PingAfter is how long the server may be silent before it receives a ping; default
	// DefaultPingAfter.
	PingAfter time.Duration
	// PingTimeout is how long the server may be silent after a ping; default
	// DefaultPingTimeout.
	PingTimeout time.Duration
	// WriteTimeout ends a connection that accepts no data for that long; default
	// DefaultWriteTimeout.
	WriteTimeout time.Duration
	// LoginTimeout limits the time to connect and log in; default DefaultLoginTimeout.
	LoginTimeout time.Duration
	// Observer sees the stanzas in both directions, without the pings that confirm others.
	// Nil means no observer.
	Observer Observer
	// Dial replaces the connection over TCP in tests.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Log receives one line for each outage, one for its end, and at most one a minute about
	// stanzas that are dropped meanwhile. Nil drops them.
	Log logrus.FieldLogger
}

// Observer is called for each stanza while On returns true: In before Handle, and Out before
// a stanza is queued. The texts are XML. It must not block, and is safe for concurrent use.
type Observer interface {
	On() bool
	In(stanza string)
	Out(stanza string)
}

// observed reports whether somebody wants to see stanzas.
func (c *Component) observed() bool { return c.opts.Observer != nil && c.opts.Observer.On() }

func (o *Options) setDefaults() {
	for _, d := range []struct {
		value *int
		usual int
	}{
		{&o.MaxStanza, DefaultMaxStanza}, {&o.MaxSend, DefaultMaxSend},
		{&o.MaxQueue, DefaultMaxQueue}, {&o.MaxBacklog, DefaultMaxBacklog},
	} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{
		{&o.PingAfter, DefaultPingAfter}, {&o.PingTimeout, DefaultPingTimeout},
		{&o.WriteTimeout, DefaultWriteTimeout}, {&o.LoginTimeout, DefaultLoginTimeout},
	} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	if o.Dial == nil {
		o.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		}
	}
	if o.Log == nil {
		quiet := logrus.New()
		quiet.SetOutput(io.Discard)
		o.Log = quiet
	}
}

// Component is one component of an XMPP server. It is safe for concurrent use.
type Component struct {
	opts Options
	log  logrus.FieldLogger
	once logging.Once // for lines about single stanzas
	out  *outbox

	proven bool // a login has succeeded; only Run uses it

	closeOnce sync.Once
	mu        sync.Mutex
	running   bool
	closed    bool
	interrupt context.CancelFunc // ends Run
	runDone   chan struct{}
	stream    *stream // the connection; nil without one
}

// New returns a component without a connection. Stanzas are queued until Run.
func New(o Options) *Component {
	o.setDefaults()
	return &Component{
		opts: o,
		log:  o.Log.WithField("server", o.Address),
		once: logging.Once{Every: time.Minute},
		out:  newOutbox(limits{queue: o.MaxQueue, backlog: o.MaxBacklog}, o.JID),
	}
}

// Send queues a stanza, given as XML, and never blocks. It parses the text and writes it
// again, so that it cannot break the stream. SendNode is faster.
//
// It returns an error if the text is not one message, presence or iq, exceeds a limit,
// lacks from or to, or comes from a JID of another domain. It returns ErrClosed after
// Close.
func (c *Component) Send(stanza string) error {
	n, err := xmltree.Parse(stanza, xmltree.Limits{Depth: maxDepth, Size: 2 * c.opts.MaxSend, Elements: maxElements})
	if err != nil {
		return fmt.Errorf("a stanza is not sent: %w", err)
	}
	return c.SendNode(n)
}

// SendNode queues a stanza as Send does. A node with the Space "", or without another
// one around it, is in the namespace of the stream.
func (c *Component) SendNode(stanza *xmltree.Node) error {
	text, err := encode(stanza, c.opts.JID, c.opts.MaxSend)
	if err != nil {
		return fmt.Errorf("a stanza is not sent: %w", err)
	}
	if c.observed() { // before an answer to it is seen
		c.opts.Observer.Out(text)
	}
	overflow, err := c.out.push(text)
	if overflow {
		c.once.Do("overflow", func() {
			c.log.WithField("dropped", c.out.reportDropped()).Warn("stanzas are dropped: the XMPP server reads them too slowly (logged once a minute)")
		})
	}
	return err
}

// Queued returns the number of bytes that wait to be written to the server, with or without a
// connection.
func (c *Component) Queued() int64 { return c.out.size() }

// Full reports whether at least MaxQueue bytes wait to be written to the server. It is
// false without a connection. A sender that can wait should then call WaitCapacity, and
// check Full again before it sends, because other senders may have waited too.
func (c *Component) Full() bool { return c.out.full() }

// WaitCapacity returns nil at once unless the component is Full. Otherwise it blocks
// until half of MaxQueue is free, the connection has ended or ctx is done. It returns
// ctx's cause if ctx is done.
func (c *Component) WaitCapacity(ctx context.Context) error { return c.out.waitCapacity(ctx) }

// Sent returns the number of stanzas that have been queued so far.
func (c *Component) Sent() uint64 { return c.out.count() }

// Dropped returns the number of stanzas that have been dropped so far: too many bytes waited,
// or the stanzas failed too many connections.
func (c *Component) Dropped() uint64 { return c.out.countLost() }

// Connected reports whether the component is logged in at the server.
func (c *Component) Connected() bool { return c.out.isOnline() }
