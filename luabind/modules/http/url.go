package http

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// ParseURL parses a URL of one of the schemes as browsers do (WHATWG URL
// standard). It escapes characters that a path or a query cannot contain, and
// converts an internationalized host name to its ASCII form. Escapes in the
// URL stay as they are. The error does not repeat the URL, which may contain
// secrets.
func ParseURL(address string, schemes ...string) (*url.URL, error) {
	u, err := url.Parse(Escape(address))
	switch {
	case err != nil:
		return nil, errors.New("the URL is not valid")
	case !slices.Contains(schemes, u.Scheme):
		return nil, errors.New("the URL does not start with " + schemes[0] + ":// or " + schemes[1] + "://")
	case u.Hostname() == "":
		return nil, errors.New("the URL has no host")
	}
	u.Fragment, u.RawFragment = "", ""
	if host := u.Hostname(); !ascii(host) {
		known, err := idna.Lookup.ToASCII(host)
		if err != nil || !utf8.ValidString(host) {
			return nil, errors.New("the URL's host is not valid")
		}
		u.Host = strings.Replace(u.Host, host, known, 1)
	}
	return u, nil
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// These bytes are escaped, as are control characters, blanks and non-ASCII
// bytes.
const (
	escapedInPath  = "\"<>`{}^|" // browsers keep |; but then Go would re-escape the path, %2F included
	escapedInQuery = "\"<>'"
)

// Escape escapes the path and the query of a URL or a reference, which may be
// invalid. It drops blanks around the URL and line breaks within it.
func Escape(address string) string {
	address = strings.TrimFunc(address, func(r rune) bool { return r <= ' ' })
	address = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(address)
	address, _, _ = strings.Cut(address, "#")
	head, query, hasQuery := strings.Cut(address, "?")
	at := pathStart(head)
	out := head[:at] + escape(strings.ReplaceAll(head[at:], `\`, "/"), escapedInPath, true)
	if hasQuery {
		out += "?" + escape(query, escapedInQuery, false)
	}
	return out
}

// pathStart returns the index at which the path of a URL or a reference
// starts.
func pathStart(s string) int {
	scheme, rest, found := strings.Cut(s, "//")
	if !found || scheme != "" && !strings.HasSuffix(scheme, ":") {
		return 0 // only a path
	}
	if end := strings.IndexAny(rest, `/\`); end >= 0 {
		return len(s) - len(rest) + end
	}
	return len(s)
}

// escape escapes the bytes of a set. If lonely is set, it also escapes a %
// that does not start an escape.
func escape(s, set string, lonely bool) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(set, c) >= 0 || lonely && c == '%' && !isEscape(s[i:]) {
			out.Write([]byte{'%', digits[c>>4], digits[c&15]})
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}

func isEscape(s string) bool {
	hex := func(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }
	return len(s) >= 3 && hex(s[1]) && hex(s[2])
}

// redirectsTo reports whether a response leads to another URL.
func redirectsTo(r *http.Response) bool {
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return r.Header.Get("Location") != ""
	}
	return false
}
