package net

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stream"
)

// TLS holds the TLS options. By default, the peer's certificate has to be
// valid for the host's name, and an authority that the system trusts has to
// have issued it. It holds the contents of the files, which are read once.
type TLS struct {
	serverName    string
	insecure      bool
	alpn          []string
	ca, cert, key []byte // PEM
	err           error  // the first file that could not be read
}

// ReadTLS reads a client's options: server_name, ca, cert, key, insecure.
func ReadTLS(l *lua.LState, o *bind.Options) *TLS {
	t := ReadCertificate(l, o)
	t.serverName = o.String("server_name", "")
	t.insecure = o.Bool("insecure", false)
	t.ca = t.pem(l, o, "ca")
	return t
}

// ReadCertificate reads a server's options: cert and key.
func ReadCertificate(l *lua.LState, o *bind.Options) *TLS {
	t := &TLS{}
	t.cert = t.pem(l, o, "cert")
	t.key = t.pem(l, o, "key")
	if t.key != nil && t.cert == nil && t.err == nil {
		t.err = errors.New("key is given without cert")
	}
	return t
}

// pem reads an option that holds a PEM text or the name of a file.
func (t *TLS) pem(l *lua.LState, o *bind.Options, option string) []byte {
	text := o.String(option, "")
	if text == "" {
		return nil
	}
	data, err := readPEM(bind.RuntimeOf(l), text)
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("%s: %w", option, err)
	}
	return data
}

// ID returns a key that is equal for equal options.
func (t *TLS) ID() string {
	h := sha256.New()
	for _, part := range []string{t.serverName, strings.Join(t.alpn, ","), fmt.Sprint(t.insecure), string(t.ca), string(t.cert), string(t.key)} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return string(h.Sum(nil))
}

// Elsewhere returns the options that also apply to other servers. It drops the
// server name and this side's certificate.
func (t *TLS) Elsewhere() *TLS {
	return &TLS{insecure: t.insecure, alpn: t.alpn, ca: t.ca}
}

// Certificate returns the certificate that this side presents, or nil if the
// options have no cert.
func (t *TLS) Certificate() ([]tls.Certificate, error) {
	switch {
	case t.err != nil:
		return nil, t.err
	case t.cert == nil:
		return nil, nil
	}
	key := t.key
	if key == nil { // the file of cert may hold the key too
		key = t.cert
	}
	pair, err := tls.X509KeyPair(t.cert, key)
	if err != nil {
		return nil, fmt.Errorf("cert and key: %w", err)
	}
	return []tls.Certificate{pair}, nil
}

// Config returns the configuration of a client. Its ServerName is empty unless
// the option server_name sets it.
func (t *TLS) Config() (*tls.Config, error) {
	certificates, err := t.Certificate()
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		ServerName:         t.serverName,
		InsecureSkipVerify: t.insecure,
		NextProtos:         t.alpn,
		Certificates:       certificates,
		MinVersion:         tls.VersionTLS12,
	}
	if t.ca != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(t.ca) {
			return nil, errors.New("ca: it contains no certificate in PEM form")
		}
	}
	return config, nil
}

// Handshake starts TLS on conn as a client. It closes conn if the handshake
// fails.
func (t *TLS) Handshake(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error) {
	config, err := t.Config()
	if err == nil && config.ServerName == "" {
		config.ServerName = host
		if host == "" && !config.InsecureSkipVerify {
			err = errors.New("the name to verify is missing: set server_name")
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	_ = conn.SetDeadline(time.Time{}) // the deadline of an earlier read may have passed
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("TLS: %w", Explain(err))
	}
	return secure, nil
}

// Explain adds advice to an error of TLS.
func Explain(err error) error {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("the certificate comes from an unknown authority; name its CA with the option ca (%w)", err)
	case errors.As(err, &host):
		return fmt.Errorf("the certificate is for another name (%w)", err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("the certificate has expired or is not yet valid (%w)", err)
	case errors.As(err, &record):
		return fmt.Errorf("the peer does not speak TLS here (%w)", err)
	}
	return EndText(err)
}

// startTLS is starttls([options]). It continues the connection in TLS. Bytes
// that were read before and not consumed may be an attacker's, so they are an
// error.
func startTLS(l *lua.LState, c *conn) int {
	settings, timeout := c.settings, c.handshakeTimeout()
	if l.Get(2) != lua.LNil {
		o := bind.OptionsAt(l, 2, "starttls")
		settings = readTLSAndALPN(l, o)
		timeout = o.Seconds("timeout", timeout)
		o.Done()
	}
	results := c.startTLS(l, timeout, func(ctx context.Context, raw net.Conn) (*tls.Conn, error) {
		return settings.Handshake(ctx, raw, c.host)
	})
	if isTLS(c.net) {
		c.settings = settings
	}
	return results
}

// ServeTLS is starttls of a server, with the option timeout. config returns the server's
// certificate.
func ServeTLS(l *lua.LState, config func() (*tls.Config, error)) int {
	c, ok := connClass.Of(l.Get(1))
	if !ok {
		bind.Raise(l, "starttls is a method of a conn: write conn:starttls(…), with a colon")
	}
	timeout := c.handshakeTimeout()
	if l.Get(2) != lua.LNil {
		o := bind.OptionsAt(l, 2, "starttls")
		timeout = o.Seconds("timeout", timeout)
		o.Done()
	}
	ready, err := config()
	if err != nil {
		bind.Raise(l, "starttls: %v", err)
	}
	return c.startTLS(l, timeout, func(ctx context.Context, raw net.Conn) (*tls.Conn, error) {
		_ = raw.SetDeadline(time.Time{}) // the deadline of an earlier read may have passed
		secure := tls.Server(raw, ready)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS: %w", Explain(err))
		}
		return secure, nil
	})
}

// handshakeTimeout returns the default time limit of starttls.
func (c *conn) handshakeTimeout() time.Duration {
	if limit := c.Timeout(); limit > 0 {
		return limit
	}
	return defaultTimeout
}

// handshake starts TLS on a connection, as a client or as a server.
type handshake func(ctx context.Context, raw net.Conn) (*tls.Conn, error)

// startTLS returns the results of starttls to the script.
func (c *conn) startTLS(l *lua.LState, timeout time.Duration, shake handshake) int {
	switch {
	case c.resource.Closed():
		return bind.Fail(l, errClosed)
	case c.Busy() || c.securing || !c.turns.Empty():
		bind.Raise(l, "starttls: another task reads from or writes to this connection")
	case isTLS(c.net):
		bind.Raise(l, "starttls: the connection already uses TLS")
	case c.Pending() > 0:
		_ = c.resource.Close()
		return bind.Failf(l, "the peer has sent %d bytes before TLS began: someone may be tampering with the connection", c.Pending())
	}
	if err := c.secure(l, timeout, shake); err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LTrue)
}

// secure runs the handshake. If the handshake fails, the connection is closed,
// because the rest of its stream has no meaning.
func (c *conn) secure(l *lua.LState, timeout time.Duration, shake handshake) error {
	var secure *tls.Conn
	c.securing = true
	c.Hold()
	defer func() {
		c.securing = false
		if secure == nil {
			c.Release(nil)
			_ = c.resource.Close()
			return
		}
		c.Release(secure)
		c.net, c.now = secure, nil
	}()
	raw := c.net
	err := bind.WaitTimeout(l, timeout, func(ctx context.Context) error {
		defer bind.TaskOf(l).Input(func() bool { return stream.Arrived(raw) })()
		made, err := shake(ctx, raw)
		if err == nil {
			c.wire.become(made)
			secure = made
		}
		return err
	})
	switch {
	case c.resource.Closed():
		return errClosed
	case errors.Is(err, bind.ErrTimeout):
		return errors.New("TLS: timeout")
	}
	return err
}

func readTLSAndALPN(l *lua.LState, o *bind.Options) *TLS {
	t := ReadTLS(l, o)
	t.alpn = o.Strings("alpn")
	return t
}

func isTLS(c net.Conn) bool {
	_, ok := c.(*tls.Conn)
	return ok
}

// tlsInfo is conn.tls: the state of TLS, or nil without TLS. Its chain is the
// verified one up to the authority, or else the certificates that the peer
// sent.
func tlsInfo(_ *lua.LState, c *conn) lua.LValue {
	secure, ok := c.net.(*tls.Conn)
	if !ok {
		return lua.LNil
	}
	state := secure.ConnectionState()
	info := bind.NewTable()
	info.RawSetString("version", lua.LString(tls.VersionName(state.Version)))
	info.RawSetString("cipher", lua.LString(tls.CipherSuiteName(state.CipherSuite)))
	info.RawSetString("server_name", lua.LString(state.ServerName))
	info.RawSetString("alpn", lua.LString(state.NegotiatedProtocol))
	info.RawSetString("verified", lua.LBool(len(state.VerifiedChains) > 0))
	certificates := state.PeerCertificates
	if len(state.VerifiedChains) > 0 {
		certificates = state.VerifiedChains[0]
	}
	chain := bind.NewTable()
	for _, cert := range certificates {
		chain.Append(certificateInfo(cert))
	}
	info.RawSetString("chain", chain)
	return info
}

func certificateInfo(cert *x509.Certificate) *lua.LTable {
	sum := sha256.Sum256(cert.Raw)
	names := bind.NewTable()
	for _, name := range cert.DNSNames {
		names.Append(lua.LString(name))
	}
	for _, ip := range cert.IPAddresses {
		names.Append(lua.LString(ip.String()))
	}
	info := bind.NewTable()
	info.RawSetString("subject", lua.LString(cert.Subject.String()))
	info.RawSetString("issuer", lua.LString(cert.Issuer.String()))
	info.RawSetString("names", names)
	info.RawSetString("not_before", lua.LNumber(cert.NotBefore.Unix()))
	info.RawSetString("not_after", lua.LNumber(cert.NotAfter.Unix()))
	info.RawSetString("fingerprint", lua.LString(hex.EncodeToString(sum[:])))
	info.RawSetString("der", lua.LString(cert.Raw))
	return info
}
