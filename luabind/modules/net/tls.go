package net

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// tlsSettings are the options of TLS. Without any, the peer's certificate must
// be valid for the host's name and come from an authority of the system's.
type tlsSettings struct {
	config *tls.Config
	err    error // of a file that could not be read
}

// readTLS reads server_name, ca, cert, key, insecure and alpn.
func readTLS(_ *lua.LState, o *bind.Options) *tlsSettings {
	s := &tlsSettings{config: &tls.Config{
		ServerName:         o.String("server_name", ""),
		InsecureSkipVerify: o.Bool("insecure", false),
		NextProtos:         o.Strings("alpn"),
		MinVersion:         tls.VersionTLS12,
	}}
	ca, cert, key := o.String("ca", ""), o.String("cert", ""), o.String("key", "")
	if ca != "" {
		s.readAuthorities(ca)
	}
	if cert != "" || key != "" {
		s.readCertificate(cert, key)
	}
	return s
}

// pemOrFile is a PEM text as it is, or what the file of that name has.
func pemOrFile(text string) ([]byte, error) {
	if strings.Contains(text, "-----BEGIN ") {
		return []byte(text), nil
	}
	return os.ReadFile(text)
}

func (s *tlsSettings) readAuthorities(ca string) {
	data, err := pemOrFile(ca)
	if err != nil {
		s.err = fmt.Errorf("ca: %w", err)
		return
	}
	s.config.RootCAs = x509.NewCertPool()
	if !s.config.RootCAs.AppendCertsFromPEM(data) {
		s.err = errors.New("ca: there is no certificate in it (PEM is wanted)")
	}
}

func (s *tlsSettings) readCertificate(cert, key string) {
	if cert == "" {
		s.err = errors.New("key is given without cert")
		return
	}
	certPEM, err := pemOrFile(cert)
	if err != nil {
		s.err = fmt.Errorf("cert: %w", err)
		return
	}
	keyPEM := certPEM // a file may hold both
	if key != "" {
		if keyPEM, err = pemOrFile(key); err != nil {
			s.err = fmt.Errorf("key: %w", err)
			return
		}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		s.err = fmt.Errorf("cert and key: %w", err)
		return
	}
	s.config.Certificates = []tls.Certificate{pair}
}

// handshake makes a TLS connection of conn, and closes conn if it fails.
func handshake(ctx context.Context, conn net.Conn, s *tlsSettings, host string) (*tls.Conn, error) {
	if s.err != nil {
		_ = conn.Close()
		return nil, s.err
	}
	config := s.config.Clone()
	if config.ServerName == "" {
		config.ServerName = host
	}
	if config.ServerName == "" && !config.InsecureSkipVerify {
		_ = conn.Close()
		return nil, errors.New("TLS wants the name to verify: give server_name")
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("TLS: %w", explain(err))
	}
	return secure, nil
}

// explain says of a certificate what to do.
func explain(err error) error {
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
	return err
}

// startTLS is starttls([options]): the connection goes on in TLS. What was read
// before and not handed out must be nothing, or somebody has put it there.
func startTLS(l *lua.LState, c *conn) int {
	settings, host := c.settings, c.host
	if l.Get(2) != lua.LNil {
		o := bind.OptionsAt(l, 2, "starttls")
		settings = readTLS(l, o)
		o.Done()
	}
	switch {
	case c.resource.Closed():
		return bind.Fail(l, errClosed)
	case c.reading || c.writing:
		bind.Raise(l, "another task reads from or writes to this connection")
	case isTLS(c.net):
		bind.Raise(l, "the connection is in TLS already")
	case len(c.buf) > 0:
		_ = c.resource.Close()
		return bind.Failf(l, "the peer has sent %d bytes before TLS began: somebody may be in between", len(c.buf))
	}
	timeout := c.timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	c.reading, c.writing = true, true
	defer func() { c.reading, c.writing = false, false }()
	var secure *tls.Conn
	err := bind.WaitTimeout(l, timeout, func(ctx context.Context) (err error) {
		secure, err = handshake(ctx, c.net, settings, host)
		return err
	})
	if err != nil {
		_ = c.resource.Close()
		return bind.Fail(l, plain(err))
	}
	c.net, c.settings = secure, settings
	c.wire.become(secure)
	return bind.Return(l, lua.LTrue)
}

func isTLS(c net.Conn) bool {
	_, ok := c.(*tls.Conn)
	return ok
}

// tlsInfo is conn.tls: nil, or what was agreed on.
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
	chain := bind.NewTable()
	for _, cert := range state.PeerCertificates {
		entry := bind.NewTable()
		entry.RawSetString("subject", lua.LString(cert.Subject.String()))
		entry.RawSetString("issuer", lua.LString(cert.Issuer.String()))
		entry.RawSetString("not_after", lua.LNumber(cert.NotAfter.Unix()))
		entry.RawSetString("der", lua.LString(cert.Raw))
		chain.Append(entry)
	}
	info.RawSetString("chain", chain)
	return info
}
