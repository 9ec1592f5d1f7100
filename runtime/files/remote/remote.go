// Package remote downloads files from addresses that users send. Such an address may be a
// trap: it may lead into the network of this machine, or to a file that never ends.
//
// The client looks up names itself and connects to the address that it has checked, for
// each redirect again. So a name that changes its address meanwhile has no effect (DNS
// rebinding).
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"spectrumlua/runtime/version"
)

// Limits of a download.
const (
	maxRedirects = 5
	maxHeader    = 64 << 10
	stepTime     = 30 * time.Second // to connect, for TLS, and until the answer begins
)

// Errors of a download.
var (
	ErrAddress  = errors.New("the address leads to a private network, which is not allowed")
	ErrTooLarge = errors.New("the file is too large")
)

// Client downloads files. Its zero value works. It is safe for concurrent use.
type Client struct {
	// Lookup returns the addresses of a host. The default is the system's resolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Dial connects to an IP address with a port, for example through a proxy. The default
	// is a direct connection.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Private allows private networks and this machine.
	Private bool
	// Transport may change the settings of the connections. It is optional.
	Transport func(t *http.Transport)
}

// File is a file whose content is being downloaded. The caller closes Body.
type File struct {
	URL  string // after redirects
	Name string // as the server or the address says; not cleaned
	Type string // as the server says; may be ""
	Size int64  // as the server says; -1 if it does not
	// Body fails with ErrTooLarge after the maximum size, and with io.ErrUnexpectedEOF if
	// it ends before Size.
	Body io.ReadCloser
}

// Get begins to download a file of at most maxSize bytes. The download ends with ctx.
func (c *Client) Get(ctx context.Context, address string, maxSize int64) (*File, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("this is not a valid address")
	}
	if err := check(u); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("this is not a valid address")
	}
	r.Header.Set("User-Agent", "spectrum2-lua/"+version.Number)
	t := c.transport()
	client := http.Client{Transport: t, CheckRedirect: redirect}
	res, err := client.Do(r)
	if err != nil {
		t.CloseIdleConnections()
		var wrapped *url.Error
		if errors.As(err, &wrapped) { // its text has the address, which may be a secret
			err = wrapped.Err
		}
		return nil, err
	}
	f, err := file(res, maxSize)
	if err != nil {
		_ = res.Body.Close()
		t.CloseIdleConnections()
		return nil, err
	}
	return f, nil
}

// check returns an error for addresses that no file has.
func check(u *url.URL) error {
	switch {
	case u.Scheme == "aesgcm":
		return errors.New("the file is encrypted for the user's contacts (OMEMO), so it cannot be read")
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("the address begins with %q instead of http or https", cut(u.Scheme))
	case u.Hostname() == "":
		return errors.New("the address has no host")
	case u.User != nil:
		return errors.New("the address has a user name or a password")
	}
	return nil
}

func cut(text string) string { return text[:min(len(text), 20)] }

func redirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("there are more than %d redirects", maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme == "http" {
		return errors.New("the server redirects from https to http")
	}
	next.Header.Del("Referer") // it would reveal the address to another server
	return check(next.URL)
}

// file checks an answer.
func file(res *http.Response, maxSize int64) (*File, error) {
	switch coding := res.Header.Get("Content-Encoding"); {
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answers with the status %d", res.StatusCode)
	case coding != "" && !strings.EqualFold(coding, "identity"):
		return nil, errors.New("the server compresses the file, although it was not asked to")
	case res.ContentLength > maxSize:
		return nil, fmt.Errorf("%w: %d bytes, and %d are allowed", ErrTooLarge, res.ContentLength, maxSize)
	}
	f := &File{URL: res.Request.URL.String(), Size: res.ContentLength, Body: Limit(res.Body, maxSize)}
	f.Type = res.Header.Get("Content-Type")
	if _, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition")); err == nil {
		f.Name = params["filename"]
	}
	if f.Name == "" {
		f.Name = path.Base(res.Request.URL.Path)
	}
	return f, nil
}

// Limit returns a body that fails with ErrTooLarge after a number of bytes.
func Limit(body io.ReadCloser, maxSize int64) io.ReadCloser {
	return &bounded{body: body, left: maxSize}
}

// bounded is a body that fails after a number of bytes.
type bounded struct {
	body io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.body.Read(p[:min(int64(len(p)), b.left+1)])
	if int64(n) > b.left {
		n, err = int(b.left), ErrTooLarge
	}
	b.left -= int64(n)
	return n, err
}

func (b *bounded) Close() error { return b.body.Close() }

// transport returns the transport of one download. Connections are not kept, and HTTP/2 is
// off, because its requests could outlive the download.
func (c *Client) transport() *http.Transport {
	t := &http.Transport{
		DialContext:            c.dial,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		TLSHandshakeTimeout:    stepTime,
		ResponseHeaderTimeout:  stepTime,
		MaxResponseHeaderBytes: maxHeader,
	}
	if c.Transport != nil {
		c.Transport(t)
	}
	return t
}

// dial looks up a host, and connects to its first address that is allowed and answers.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := c.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	failed := ErrAddress
	for _, a := range addrs {
		if !c.Private && !Public(a) {
			continue
		}
		conn, err := dial(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	return nil, failed
}

func (c *Client) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	lookup := c.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
			for i, a := range addrs {
				addrs[i] = a.Unmap() // Go may return IPv4 addresses in this form
			}
			return addrs, err
		}
	}
	addrs, err := lookup(ctx, host)
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	return addrs, err
}
