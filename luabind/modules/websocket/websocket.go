// Package websocket implements the module spectrum.websocket: connections that
// carry messages (RFC 6455). A call that waits suspends the task and lets
// other tasks and handlers run.
package websocket

import (
	"context"
	"errors"
	"fmt"
	stdnet "net"
	stdhttp "net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
	lua "github.com/yuin/gopher-lua"
	"golang.org/x/net/http/httpguts"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/http"
	"spectrumlua/luabind/modules/net"
)

// Module is spectrum.websocket.
var Module = bind.Module{Name: "spectrum.websocket", Open: open}

// Limits of a connection, unless its options set others.
const (
	defaultTimeout  = 30 * time.Second // to connect, with the handshake
	defaultInterval = 30 * time.Second // between pings
	defaultMessage  = 16 << 20         // bytes of the longest message
	maxHeader       = 64 << 10         // bytes of the header of the server's answer
	handshakeBuffer = 1 << 10
)

func open(*bind.Runtime) *lua.LTable {
	return bind.NewModule("spectrum.websocket", bind.Functions{"connect": connect})
}

// dialer makes one connection.
type dialer struct {
	url          *url.URL
	header       stdhttp.Header
	subprotocols []string
	target       *net.Target
	conn         *watched // nil until it is connected
}

// connect is connect(url [, options]) → socket.
func connect(l *lua.LState) int {
	address := l.CheckString(1)
	o := bind.OptionsAt(l, 2, "connect")
	timeout := o.Seconds("timeout", defaultTimeout)
	interval := o.Seconds("ping_interval", defaultInterval)
	owner := o.Owner()
	most := bind.RuntimeOf(l).Settings.MaxString
	longest := min(int64(o.Int("max_message", defaultMessage, 1)), most)
	d := &dialer{header: http.ReadHeaders(l, o), subprotocols: readSubprotocols(l, o)}
	secure := net.ReadTLS(l, o)
	proxy, err := net.ReadProxy(l, o, "connect")
	o.Done()
	if err == nil {
		d.url, err = parseURL(address)
	}
	if err != nil {
		return bind.Fail(l, err)
	}
	d.target = &net.Target{Network: "tcp", Address: hostPort(d.url), Proxy: proxy}
	if d.url.Scheme == "wss" {
		d.target.TLS = secure
	}
	conn, err := d.connect(l, timeout)
	if err != nil {
		return bind.Fail(l, fmt.Errorf("cannot connect to %s://%s: %w", d.url.Scheme, d.url.Host, err))
	}
	return bind.Return(l, socketClass.New(newSocket(conn, d.conn, owner, settings{longest: longest, interval: interval})))
}

// settings are the options that apply after the handshake.
type settings struct {
	longest  int64         // bytes of the longest message
	interval time.Duration // between pings; 0: no pings
}

func readSubprotocols(l *lua.LState, o *bind.Options) []string {
	list := o.Strings("subprotocols")
	for _, name := range list {
		if !httpguts.ValidHeaderFieldName(name) { // subprotocols and header names allow the same characters
			bind.Raise(l, "connect: subprotocols: %q is not a valid name", name)
		}
	}
	return list
}

// parseURL parses a URL with the scheme ws or wss. It accepts http and https
// as their synonyms.
func parseURL(address string) (*url.URL, error) {
	u, err := http.ParseURL(address, "ws", "wss", "http", "https")
	if err == nil && strings.HasPrefix(u.Scheme, "http") {
		u.Scheme = "ws" + strings.TrimPrefix(u.Scheme, "http")
	}
	return u, err
}

func hostPort(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "wss":
		port = "443"
	default:
		port = "80"
	}
	return stdnet.JoinHostPort(u.Hostname(), port)
}

// connect waits for the connection. If the task is cancelled, it raises and
// leaves nothing open.
func (d *dialer) connect(l *lua.LState, timeout time.Duration) (conn *websocket.Conn, err error) {
	finished := false
	defer func() {
		if (!finished || err != nil) && d.conn != nil {
			_ = d.conn.Close()
		}
	}()
	err = bind.WaitTimeout(l, timeout, func(ctx context.Context) (err error) {
		conn, err = d.dial(ctx)
		return err
	})
	finished = true
	return conn, err
}

// dial connects and makes the handshake.
func (d *dialer) dial(ctx context.Context) (*websocket.Conn, error) {
	raw, err := d.target.Dial(ctx)
	if err != nil {
		return nil, err
	}
	d.conn = &watched{Conn: raw}
	used := false
	use := func(context.Context, string, string) (stdnet.Conn, error) {
		if used {
			return nil, errors.New("the server hung up without an answer")
		}
		used = true
		return d.conn, nil
	}
	transport := &stdhttp.Transport{
		DialContext: use, DialTLSContext: use, // the connection already uses TLS if it needs to
		MaxResponseHeaderBytes: maxHeader, ReadBufferSize: handshakeBuffer, WriteBufferSize: handshakeBuffer,
	}
	defer transport.CloseIdleConnections()
	conn, response, err := websocket.Dial(ctx, d.url.String(), &websocket.DialOptions{
		HTTPClient: &stdhttp.Client{Transport: checking{transport}, CheckRedirect: func(*stdhttp.Request, []*stdhttp.Request) error {
			return stdhttp.ErrUseLastResponse
		}},
		HTTPHeader: d.header, Host: d.header.Get("Host"), Subprotocols: d.subprotocols,
	})
	switch {
	case err == nil:
		return conn, nil
	case response != nil && response.StatusCode != stdhttp.StatusSwitchingProtocols:
		return nil, fmt.Errorf("the server answers %s", response.Status)
	}
	return nil, explainHandshake(err)
}

// violationPrefix is how the library's message about a wrong handshake begins.
const violationPrefix = "failed to WebSocket dial: WebSocket protocol violation: "

func explainHandshake(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "unsupported extensions from server"):
		err = errors.New("the server does not speak WebSocket here: it uses an extension that was not offered")
	case strings.HasPrefix(text, violationPrefix):
		err = errors.New("the server does not speak WebSocket here: " + strings.TrimPrefix(text, violationPrefix))
	}
	return http.Explain(err)
}
