package http

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// keptHeaders are what a redirect to another origin is still sent. The others
// may be secrets, whatever they are called.
var keptHeaders = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Content-Type": true, "Range": true, "User-Agent": true,
}

var errDowngrade = errors.New("the answer redirects from https to http, which is not followed")

// checkRedirect is called before each redirect is followed.
func (c *call) checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > c.redirects {
		if c.redirects == 0 {
			return http.ErrUseLastResponse
		}
		return fmt.Errorf("there are more than %d redirects", c.redirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errDowngrade
	}
	next.Header.Del("Referer") // it would tell the URL, query and all
	if origin(next.URL) != origin(c.request.URL) {
		for name := range next.Header {
			if !keptHeaders[name] {
				delete(next.Header, name)
			}
		}
	}
	return nil
}

// origin is all of a URL that messages show: path, query and user may have
// secrets in them.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
