package net

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/net/proxy"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/config"
)

// readProxy reads the option proxy: a URL, false for none, or nothing for what
// the transport's config file says in [proxy].
func readProxy(l *lua.LState, o *bind.Options) (*url.URL, error) {
	switch v := o.Get("proxy").(type) {
	case lua.LString:
		return parseProxy(string(v))
	case lua.LBool:
		if !v {
			return nil, nil
		}
	case *lua.LNilType:
	default:
		bind.Raise(l, "connect: proxy: a URL as in \"socks5://host:1080\", or false, is wanted, not %s", bind.Describe(v))
	}
	return ConfigProxy(bind.RuntimeOf(l).Config)
}

// ConfigProxy is the proxy of a config file's [proxy] section, or nil.
func ConfigProxy(c *config.Config) (*url.URL, error) {
	host, ok := c.Get("proxy.server")
	if !ok || host == "" {
		return nil, nil
	}
	scheme, _ := c.Get("proxy.type")
	port, _ := c.Get("proxy.port")
	u := &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
	if strings.HasPrefix(strings.ToLower(scheme), "socks") {
		u.Scheme = "socks5"
	}
	if user, ok := c.Get("proxy.user"); ok && user != "" {
		password, _ := c.Get("proxy.password")
		u.User = url.UserPassword(user, password)
	}
	return checkProxy(u)
}

func parseProxy(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("proxy: it is no URL") // url's error would repeat a password
	}
	return checkProxy(u)
}

func checkProxy(u *url.URL) (*url.URL, error) {
	switch u.Scheme {
	case "socks5", "http":
	default:
		return nil, fmt.Errorf("proxy: socks5:// or http:// is wanted, not %q", u.Scheme)
	}
	if u.Hostname() == "" || u.Port() == "" {
		return nil, errors.New("proxy: host and port are wanted, as in \"socks5://host:1080\"")
	}
	return u, nil
}

// dial connects, through a proxy if there is one.
func dial(ctx context.Context, via *url.URL, network, target string) (net.Conn, error) {
	if via == nil || network != "tcp" {
		return (&net.Dialer{}).DialContext(ctx, network, target)
	}
	if via.Scheme == "socks5" {
		dialer, err := proxy.FromURL(via, &net.Dialer{})
		if err != nil {
			return nil, err
		}
		conn, err := dialer.(proxy.ContextDialer).DialContext(ctx, network, target)
		if err != nil {
			return nil, fmt.Errorf("by the proxy %s: %w", via.Host, plain(err))
		}
		return conn, nil
	}
	conn, err := dialCONNECT(ctx, via, target)
	if err != nil {
		return nil, fmt.Errorf("by the proxy %s: %w", via.Host, plain(err))
	}
	return conn, nil
}

// dialCONNECT asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6).
func dialCONNECT(ctx context.Context, via *url.URL, target string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", via.Host)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	tunnel, err := requestTunnel(conn, via, target)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return tunnel, nil
}

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
	reader := bufio.NewReaderSize(conn, 4096)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s", response.Status)
	}
	if reader.Buffered() > 0 {
		return &prefixed{Conn: conn, reader: reader}, nil
	}
	return conn, nil
}

// prefixed is a connection of which some bytes have been read already.
type prefixed struct {
	net.Conn
	reader *bufio.Reader
}

func (p *prefixed) Read(b []byte) (int, error) { return p.reader.Read(b) }
