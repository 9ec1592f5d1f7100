package net

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/net/proxy"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/config"
)

// Proxy is the proxy for a connection; nil means a direct connection.
type Proxy struct {
	url   *url.URL
	given bool // by the option proxy, not by the config file
}

// ReadProxy reads the option proxy: a URL, or false for a direct connection.
// Without the option, [proxy] in the transport's config file applies. what is
// the name of the calling function, for messages.
func ReadProxy(l *lua.LState, o *bind.Options, what string) (*Proxy, error) {
	switch v := o.Get("proxy").(type) {
	case lua.LString:
		return parseProxy(string(v))
	case lua.LBool:
		if !v {
			return nil, nil
		}
	case *lua.LNilType:
	default:
		bind.Raise(l, "%s: proxy: URL or false expected (as in \"socks5://host:1080\"), got %s", what, bind.Describe(v))
	}
	return configProxy(bind.RuntimeOf(l).Config)
}

// proxySchemes maps the values of [proxy] type to URL schemes.
var proxySchemes = map[string]string{"": "http", "http": "http", "socks5": "socks5", "socks5h": "socks5"}

// configProxy returns the proxy of the config file's [proxy] section, or nil
// if it has no server.
func configProxy(c *config.Config) (*Proxy, error) {
	host, _ := c.Get("proxy.server")
	if host == "" {
		return nil, nil
	}
	kind, _ := c.Get("proxy.type")
	scheme, known := proxySchemes[strings.ToLower(kind)]
	if !known {
		return nil, fmt.Errorf("%s: [proxy] type is %q: http or socks5 expected", c.Where("proxy.type"), kind)
	}
	port, _ := c.Get("proxy.port")
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, fmt.Errorf("%s: [proxy] needs a port from 1 to 65535 with the server, not %q", c.Where("proxy.server"), port)
	}
	u := &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port)}
	if user, _ := c.Get("proxy.user"); user != "" {
		password, _ := c.Get("proxy.password")
		u.User = url.UserPassword(user, password)
	}
	return &Proxy{url: u}, nil
}

func parseProxy(text string) (*Proxy, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("proxy: not a valid URL") // url's error would repeat a password
	}
	if proxySchemes[u.Scheme] == "" || u.Scheme == "" {
		return nil, errors.New("proxy: URL that starts with socks5:// or http:// expected")
	}
	if u.Hostname() == "" || u.Port() == "" {
		return nil, errors.New("proxy: host and port expected (as in \"socks5://host:1080\")")
	}
	return &Proxy{url: &url.URL{Scheme: proxySchemes[u.Scheme], Host: u.Host, User: u.User}, given: true}, nil
}

// For returns the proxy for a host, or nil for a direct connection. The config
// file's proxy never serves loopback addresses: on the proxy they would mean
// the proxy's own machine.
func (p *Proxy) For(host string) *url.URL {
	if p == nil || (!p.given && isLoopback(host)) {
		return nil
	}
	return p.url
}

// ID returns a key that is equal for equal proxies.
func (p *Proxy) ID() string {
	if p == nil {
		return ""
	}
	return fmt.Sprint(p.given, p.url.String())
}

func isLoopback(host string) bool {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// ByProxy marks an error as coming from the proxy or from the connection to
// it.
func ByProxy(via *url.URL, err error) error {
	return fmt.Errorf("proxy %s: %w", via.Host, err)
}

// dialProxy connects to target through a proxy.
func dialProxy(ctx context.Context, via *url.URL, target string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", via.Host)
	if err != nil {
		return nil, err
	}
	tunnel := tunnelSOCKS
	if via.Scheme == "http" {
		tunnel = tunnelCONNECT
	}
	through, err := tunnel(ctx, conn, via, target)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return through, nil
}

// tunnelSOCKS asks a SOCKS5 proxy to connect to target (RFC 1928, RFC 1929).
// It returns conn, which then leads to target.
func tunnelSOCKS(ctx context.Context, conn net.Conn, via *url.URL, target string) (net.Conn, error) {
	var auth *proxy.Auth
	if via.User != nil {
		password, _ := via.User.Password()
		auth = &proxy.Auth{User: via.User.Username(), Password: password}
	}
	dialer, err := proxy.SOCKS5("tcp", via.Host, auth, nil)
	if err != nil {
		return nil, err
	}
	asker, ok := dialer.(interface {
		DialWithConn(ctx context.Context, c net.Conn, network, address string) (net.Addr, error)
	})
	if !ok {
		return nil, errors.ErrUnsupported
	}
	_, err = asker.DialWithConn(ctx, conn, "tcp", target)
	return conn, err
}

// tunnelCONNECT asks an HTTP proxy for a tunnel to target (RFC 9110, section
// 9.3.6).
func tunnelCONNECT(ctx context.Context, conn net.Conn, via *url.URL, target string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(stream.Past) })
	tunnel, err := requestTunnel(conn, via, target)
	if !stop() {
		err = context.Cause(ctx)
	}
	return tunnel, err
}

// maxAnswer limits a proxy's answer to CONNECT, in bytes.
const maxAnswer = 64 << 10

func requestTunnel(conn net.Conn, via *url.URL, target string) (net.Conn, error) {
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: target}, Host: target, Header: http.Header{}}
	if via.User != nil {
		password, _ := via.User.Password()
		credentials := base64.StdEncoding.EncodeToString([]byte(via.User.Username() + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+credentials)
	}
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	reader := bufio.NewReaderSize(io.LimitReader(conn, maxAnswer), 4096)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		return nil, ProxyRefusal(response)
	}
	if reader.Buffered() == 0 {
		return conn, nil
	}
	first, err := reader.Peek(reader.Buffered())
	return &prefixed{Conn: conn, first: first}, err
}

// ProxyRefusal returns a proxy's refusal of CONNECT as an error.
func ProxyRefusal(response *http.Response) error {
	return fmt.Errorf("it answers %s", response.Status)
}

// prefixed is a connection whose first bytes have been read already. Read
// returns them first.
type prefixed struct {
	net.Conn
	first []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.first) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.first)
	p.first = p.first[n:]
	return n, nil
}

// CloseWrite closes the connection for writing.
func (p *prefixed) CloseWrite() error {
	half, ok := p.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
