// Package gateway serves users of an XMPP server without Spectrum. It is a component of the
// server (XEP-0114) and does for a script what Spectrum does: it delivers the payloads of
// Spectrum's protocol and accepts those of the script.
//
// A Gateway takes the place of a link.Link. It knows no Lua. Package router routes, the
// other packages below this one are its features, and features.go lists them.
package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/upload"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltree"
)

// Options are the parts of a Gateway. Clock, Observer, Stanzas, Forget and
// Handles are optional.
type Options struct {
	Settings settings.Settings
	// Store has the users. The caller closes it after Close.
	Store *users.Store
	// Receive is called with each payload for the script; see router.Options.
	Receive func(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender)
	Log     logrus.FieldLogger
	// Clock is the clock of timeouts. The default is clock.Real.
	Clock clock.Clock
	// Observer sees the payloads in both directions.
	Observer router.Observer
	// Stanzas sees the stanzas in both directions.
	Stanzas component.Observer
	// Forget removes what the script has stored for a user.
	Forget func(ctx context.Context, jid string) error
	// Handles reports whether the script has a handler for a type; see router.Options.
	Handles func(typ pb.WrapperMessage_Type) bool
	// Files stores what users upload. Without it, they cannot upload files.
	Files *files.Service
	// OnConnection is called with nil after each login at the XMPP server, and with the
	// error when the first attempt fails or a connection ends. It must not block. It is
	// optional.
	OnConnection func(err error)
}

// Gateway is a transport in an XMPP server. It is safe for concurrent use.
type Gateway struct {
	router    *router.Router
	component *component.Component

	delivery   sync.WaitGroup
	stream     sync.WaitGroup
	endStream  context.CancelFunc
	streamEnds context.Context
}

// New returns a gateway without a connection.
func New(o Options) *Gateway {
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	g := &Gateway{}
	g.streamEnds, g.endStream = context.WithCancel(context.Background())
	report := o.OnConnection
	if report == nil {
		report = func(error) {}
	}
	service := o.Settings.Service
	g.component = component.New(component.Options{
		JID: service.JID, Password: service.Password, Address: service.Address,
		Handle: func(ctx context.Context, n *xmltree.Node) { g.router.Receive(ctx, n) },
		Up: func() {
			report(nil)
			g.router.StreamOpened()
		},
		Down: report,
		FirstFailed: func(err error) bool {
			report(err)
			if errors.Is(err, component.ErrConflict) {
				return true // another process serves this JID, and has the sessions
			}
			g.router.Unreachable()
			return false
		},
		Observer: o.Stanzas,
		Log:      o.Log,
	})
	all := newFeatures()
	if o.Files.On() {
		all = append(all, upload.Feature(o.Files))
	}
	g.router = router.New(router.Options{
		Settings: o.Settings, Store: o.Store, Stream: g.component, Receive: o.Receive,
		Features: all, Log: o.Log, Clock: o.Clock, Observer: o.Observer, Forget: o.Forget, Handles: o.Handles,
	})
	o.Store.Watch(g.router.Database)
	return g
}

// Send queues a payload of the script and never blocks. It returns an error after Close.
func (g *Gateway) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	return g.router.Send(typ, payload)
}

// Sent returns the number of payloads that Send has queued so far.
func (g *Gateway) Sent() uint64 { return g.router.Sent() }

// Queued returns the number of bytes of payloads and stanzas that wait for the XMPP server.
func (g *Gateway) Queued() int64 { return g.router.Queued() + g.component.Queued() }

// Dropped returns the number of stanzas for the XMPP server that have been dropped so far.
func (g *Gateway) Dropped() uint64 { return g.component.Dropped() }

// Connected reports whether the XMPP server has accepted the connection.
func (g *Gateway) Connected() bool { return g.component.Connected() }

// Full reports whether a sender that can wait has to call WaitCapacity first.
func (g *Gateway) Full() bool { return g.router.Full() }

// WaitCapacity waits until the queues have capacity, or ctx is done. It returns ctx's
// cause if ctx is done.
func (g *Gateway) WaitCapacity(ctx context.Context) error { return g.router.WaitCapacity(ctx) }

// Run connects to the XMPP server and serves its users until ctx is done or Close is
// called. It returns nil then. A connection that fails is replaced by another one, except
// that Run returns component.ErrConflict if another process already serves the JID at the
// start. The connection stays open until Close, so that sessions can end in order.
func (g *Gateway) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer g.delivery.Wait()
	defer cancel()
	g.delivery.Go(func() {
		defer crash.Guard()
		g.router.RunDelivery(ctx)
	})
	ended := make(chan error, 1)
	g.stream.Go(func() {
		defer crash.Guard()
		ended <- g.component.Run(g.streamEnds)
	})
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}

// Configure replaces the settings, except those that settings.Restart names.
func (g *Gateway) Configure(s settings.Settings) {
	g.router.Configure(g.router.Settings().Keep(s))
}

// Loaded notes that the script has been loaded: its handlers decide about features.
func (g *Gateway) Loaded([]string) { g.router.Loaded() }

// Close shows all users the transport offline, sends what is queued until ctx is done, and
// closes the connection. The sessions must have ended. Handlers that wait, for example for
// the database, have half of the time.
func (g *Gateway) Close(ctx context.Context) {
	g.router.Each(presence.Leave)
	handlers, cancel := half(ctx)
	defer cancel()
	g.router.Close(handlers)
	g.component.Close(ctx)
	g.endStream()
	g.stream.Wait()
}

// half returns a context for half of the time that ctx leaves.
func half(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}

// Check connects once and closes the connection. It returns why that fails.
func Check(ctx context.Context, s settings.Settings) error {
	return component.Check(ctx, component.Options{
		JID: s.Service.JID, Password: s.Service.Password, Address: s.Service.Address,
		Handle: func(context.Context, *xmltree.Node) {},
	})
}

// ErrClosed is the error of Send after Close.
var ErrClosed = router.ErrClosed
