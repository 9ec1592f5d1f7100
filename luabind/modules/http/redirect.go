package http

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// keptHeaders are the only headers that are sent to another origin after a
// redirect. Any other header may be a secret, whatever its name.
var keptHeaders = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Content-Type": true, "Range": true, "User-Agent": true,
}

var (
	errDowngrade = errors.New("the answer redirects from https to http, which is not followed")
	errSwitch    = errors.New("the answer switches to another protocol")
	errScheme    = errors.New("the answer redirects to a URL that is neither http nor https")
)

// checkRedirect decides whether a redirect is followed.
func (c *call) checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > c.redirects {
		if c.redirects == 0 {
			return http.ErrUseLastResponse
		}
		return fmt.Errorf("there are more than %d redirects", c.redirects)
	}
	switch {
	case next.URL.Scheme != "http" && next.URL.Scheme != "https":
		return errScheme
	case via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https":
		return errDowngrade
	}
	next.Header.Del("Referer") // it would reveal the previous URL with its query
	if !c.left && origin(next.URL) == origin(c.request.URL) {
		return nil
	}
	// This holds even if the other origin redirects back: it must not decide
	// what is requested with the script's credentials.
	c.left = true
	if next.Body != nil && next.Body != http.NoBody {
		return fmt.Errorf("the answer (%d) redirects to another server, %s, to which the body is not sent: name that server in the URL",
			next.Response.StatusCode, origin(next.URL))
	}
	for name := range next.Header {
		if !keptHeaders[name] {
			delete(next.Header, name)
		}
	}
	return nil
}

// RoundTrip implements http.RoundTripper. It escapes each answer's Location,
// because servers write blanks and non-ASCII letters there and net/http
// rejects them. Other origins get a transport without the server name and
// certificate that are meant for the script's own server.
func (c *call) RoundTrip(r *http.Request) (*http.Response, error) {
	transport := c.transport
	if c.left {
		transport = c.elsewhere
	}
	response, err := transport.RoundTrip(r)
	if err == nil && response.StatusCode == http.StatusSwitchingProtocols {
		_ = response.Body.Close()
		return nil, errSwitch
	}
	if err == nil && c.redirects > 0 && redirectsTo(response) {
		response.Header.Set("Location", Escape(response.Header.Get("Location")))
	}
	return response, err
}

// origin returns the part of a URL that messages may show. Path, query and
// user may contain secrets. It drops the scheme's default port.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}
