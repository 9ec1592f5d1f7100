package http

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// keptHeaders are what a redirect to another origin is still sent. The others
// may be secrets, whatever they are called.
var keptHeaders = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Content-Type": true, "Range": true, "User-Agent": true,
}

var (
	errDowngrade = errors.New("the answer redirects from https to http, which is not followed")
	errSwitch    = errors.New("the answer goes on in another protocol")
	errScheme    = errors.New("the answer redirects to what is neither http nor https")
)

// checkRedirect is called before each redirect is followed.
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
	next.Header.Del("Referer") // it would tell the URL, query and all
	if !c.left && origin(next.URL) == origin(c.request.URL) {
		return nil
	}
	// Another origin that leads back is not to decide what is asked there with
	// the script's credentials.
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

// RoundTrip implements http.RoundTripper: it prepares each answer's Location for
// net/http, which takes only what is escaped. Servers write names with blanks
// and letters beyond ASCII there. Of TLS, only what is meant for the script's own
// server is kept from others.
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

// origin is all of a URL that messages show: path, query and user may have
// secrets in them. The port that a scheme has by itself is left out.
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
