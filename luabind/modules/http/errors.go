package http

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	stdnet "net"
	"net/url"
	"strings"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/net"
)

// explain turns the error of a request into a message for scripts. It names
// the method and the server, but nothing that may be secret.
func (c *call) explain(err error) error {
	where := c.request.URL
	var failed *url.Error
	if errors.As(err, &failed) {
		if u, parseErr := url.Parse(failed.URL); parseErr == nil && u.Host != "" {
			where = u // the URL of the last redirect
		}
		err = failed.Err
	}
	var dial *stdnet.OpError
	if via := c.proxy.For(where.Hostname()); via != nil && errors.As(err, &dial) && dial.Op == "proxyconnect" {
		err = net.ByProxy(via, Explain(dial.Err))
	} else {
		err = Explain(err)
	}
	return fmt.Errorf("%s %s: %w", c.request.Method, origin(where), err)
}

// Explain turns an error of net/http into a message for scripts. It drops the
// URL, which may contain secrets.
func Explain(err error) error {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	switch {
	case errors.Is(err, bind.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return bind.ErrTimeout
	case errors.As(err, &certificate), errors.As(err, &record):
		return fmt.Errorf("TLS: %w", net.Explain(err))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the answer ended too early")
	case errors.Is(err, io.EOF):
		return errors.New("the server hung up without an answer")
	case strings.Contains(err.Error(), "Location header"): // Go repeats the header, which may contain secrets
		return errors.New("the answer redirects to an invalid URL")
	case isTimeout(err):
		return bind.ErrTimeout
	}
	if short := noise.Replace(err.Error()); short != err.Error() {
		err = errors.New(short)
	}
	return net.Plain(err)
}

// noise removes prefixes of net/http that say nothing about the error.
var noise = strings.NewReplacer("net/http: HTTP/1.x transport connection broken: ", "", "net/http: ", "")

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
