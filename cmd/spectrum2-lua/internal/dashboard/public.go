package dashboard

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Public is how other machines reach the page: through a proxy with an address such as
// https://example.net/dashboard, or by a host name with the port of the listener. The zero
// value means that only this machine does.
type Public struct {
	scheme, host, port string // without a name, scheme and port are empty
	path               string // without a slash at the end
}

var errPublic = errors.New("a host name, or the address of a proxy such as https://example.net/dashboard expected")

// ports are the ports that addresses leave out.
var ports = map[string]string{"http": "80", "https": "443"}

// ParsePublic reads a host name or an address.
func ParsePublic(text string) (Public, error) {
	if !strings.Contains(text, "://") {
		u, err := url.Parse("http://" + text)
		if err != nil || u.Hostname() == "" || u.Host != text || u.Port() != "" || strings.HasSuffix(text, ":") {
			return Public{}, errPublic
		}
		return Public{host: u.Hostname()}, nil
	}
	u, err := url.Parse(text)
	if err != nil || ports[u.Scheme] == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || u.RawPath != "" {
		return Public{}, errPublic
	}
	return Public{scheme: u.Scheme, host: u.Hostname(), port: portOf(u), path: strings.TrimSuffix(u.JoinPath().Path, "/")}, nil
}

// portOf returns the port of an address, also if it is left out.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return ports[u.Scheme]
}

// address returns the address of the page, for a listener on a port.
func (p Public) address(port string) string {
	u := url.URL{Scheme: p.scheme, Path: p.path + "/"}
	if p.scheme == "" {
		u.Scheme, u.Host = "http", net.JoinHostPort(p.host, port)
		return u.String()
	}
	u.Host = net.JoinHostPort(p.host, p.port)
	if p.port == ports[p.scheme] {
		u.Host = strings.TrimSuffix(u.Host, ":"+p.port)
	}
	return u.String()
}

// ours reports whether an Origin is that of the page. Behind a host name, a proxy may add TLS.
func (p Public) ours(origin *url.URL) bool {
	if !strings.EqualFold(origin.Hostname(), p.host) {
		return false
	}
	if p.scheme == "" {
		return ports[origin.Scheme] != ""
	}
	return origin.Scheme == p.scheme && portOf(origin) == p.port
}

// inner returns the path of a request within the page. A proxy may have removed the path of
// the public address, or not.
func (p Public) inner(requested string) string {
	if rest, found := strings.CutPrefix(requested, p.path); found && strings.HasPrefix(rest, "/") {
		return rest
	}
	return requested
}
