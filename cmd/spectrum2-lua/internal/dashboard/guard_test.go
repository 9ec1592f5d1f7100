package dashboard

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestTokenIsExchangedForACookie(t *testing.T) {
	b := open(t, Options{})
	if b.token == b.guard.session || b.token == b.form || len(b.token) < 26 {
		t.Errorf("%q %q %q", b.token, b.guard.session, b.form)
	}
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := b.Get(b.server.URL + "/?token=" + b.token)
	if err != nil {
		t.Fatal(err)
	}
	_ = text(t, res)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/" {
		t.Errorf("%d, %v", res.StatusCode, res.Header)
	}
	expect(t, res.Header.Get("Set-Cookie"), "HttpOnly", "SameSite=Strict", "Path=/", "!"+b.token)
	if status, body := b.get("/"); status != http.StatusOK || strings.Contains(body, b.token) || strings.Contains(body, b.guard.session) {
		t.Errorf("%d, or the page has a secret:\n%s", status, body)
	}
}

// TestRequestsOfOthersAreRejected tries each path with what a foreign site, another user of
// the machine or a name that resolves to this machine can send.
func TestRequestsOfOthersAreRejected(t *testing.T) {
	b := open(t, Options{})
	own := b.guard.address
	cookie := b.guard.cookie + "=" + b.guard.session
	_, port, _ := net.SplitHostPort(own)
	for _, c := range []struct {
		name, method, path, host, origin, cookie string
		want                                     int
	}{
		{"no cookie", "GET", "/", own, "", "", 401},
		{"the cookie of another run", "GET", "/", own, "", b.guard.cookie + "=" + secretText(), 401},
		{"the cookie of another port", "GET", "/", own, "", "spectrum2-lua-1=" + b.guard.session, 401},
		{"an empty cookie", "GET", "/", own, "", b.guard.cookie + "=", 401},
		{"a wrong token", "GET", "/?token=" + secretText(), own, "", "", 401},
		{"a wrong token with the cookie", "GET", "/?token=x", own, "", cookie, 401},
		{"the cookie as the token", "GET", "/?token=" + b.guard.session, own, "", "", 401},
		{"the token with another method", "POST", "/?token=" + b.token, own, "", "", 401},
		{"the token with another path", "GET", "/events?token=" + b.token, own, "", "", 401},
		{"no cookie, the style", "GET", "/style.css", own, "", "", 401},
		{"no cookie, the stream", "GET", "/events", own, "", "", 401},
		{"no cookie, a button", "POST", "/reload", own, "http://" + own, "", 401},
		{"a foreign host", "GET", "/", "evil.example:" + port, "", cookie, 421},
		{"a foreign host with the token", "GET", "/?token=" + b.token, "evil.example:" + port, "", "", 421},
		{"another port", "GET", "/", "127.0.0.1:1", "", cookie, 421},
		{"no host", "GET", "/", "", "", cookie, 421},
		{"a foreign origin", "GET", "/events", own, "http://evil.example", cookie, 403},
		{"a foreign origin with the token", "GET", "/?token=" + b.token, own, "http://evil.example", "", 403},
		{"an origin on another port", "GET", "/events", own, "http://127.0.0.1:1", cookie, 403},
		{"the origin null", "POST", "/reload", own, "null", cookie, 403},
		{"an origin with another scheme", "POST", "/reload", own, "https://" + own, cookie, 403},
		{"an origin that is no address", "POST", "/reload", own, "http://%", cookie, 403},
		{"no secret of the form", "POST", "/reload", own, "http://" + own, cookie, 403},
		{"another method", "GET", "/reload", own, "", cookie, 405},
		{"another method of the page", "POST", "/", own, "http://" + own, cookie, 405},
		{"an unknown path", "GET", "/page.html", own, "", cookie, 404},
		{"all is right", "GET", "/", own, "", cookie, 200},
		{"the name localhost", "GET", "/", "localhost:" + port, "", cookie, 200},
		{"its own origin", "GET", "/page.js", own, "http://" + own, cookie, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.path, nil)
			r.Host = c.host
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			if c.cookie != "" {
				r.Header.Set("Cookie", c.cookie)
			}
			w := httptest.NewRecorder()
			b.handler().ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
			h := w.Header()
			expect(t, h.Get("Content-Security-Policy"), "default-src 'none'", "frame-ancestors 'none'", "!unsafe")
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || c.want == 401 && h.Get("Set-Cookie") != "" {
				t.Errorf("%v", h)
			}
		})
	}
}

func TestFormOfAnotherPageIsRejected(t *testing.T) {
	transport := newBackend(t, "a.localhost", true)
	b := open(t, Options{}, transport)
	b.enter()
	for name, values := range map[string]url.Values{
		"no secret":         {"file": {transport.file}},
		"a wrong secret":    {"file": {transport.file}, "form": {secretText()}},
		"another transport": {"file": {"/etc/passwd"}, "form": {b.form}},
		"a long form":       {"file": {strings.Repeat("x", maxForm)}, "form": {b.form}},
	} {
		if status, body := b.press("/reload", values); status != http.StatusForbidden && status != http.StatusBadRequest {
			t.Errorf("%s: %d: %s", name, status, body)
		}
	}
	if n := transport.count("POST /reload"); n != 0 {
		t.Errorf("%d reloads", n)
	}
}

func TestListenRefusesOtherMachines(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.net:0"} {
		if l, err := New(Options{}).Listen(address); !errors.Is(err, ErrNotLoopback) {
			t.Errorf("%s: %v", address, err)
			if l != nil {
				_ = l.Close()
			}
		}
	}
	if _, err := New(Options{}).Listen("127.0.0.1"); err == nil {
		t.Error("an address without a port is accepted")
	}
	for _, address := range []string{"127.0.0.1:0", "localhost:0"} {
		d := New(Options{})
		l, err := d.Listen(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		if want := "http://" + l.Addr().String() + "/?token=" + d.token; d.URL() != want || !strings.HasPrefix(want, "http://127.0.0.1:") {
			t.Errorf("%s instead of %s", d.URL(), want)
		}
	}
}

func TestPublicNameIsTheOnlyOneForOtherMachines(t *testing.T) {
	d := New(Options{Public: "gw.example.net"})
	l, err := d.Listen("0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	expect(t, d.URL(), "http://gw.example.net:")
	for host, want := range map[string]bool{"gw.example.net": true, "GW.example.net:443": true, "127.0.0.1": false, "gw.example.net.evil.example": false, "": false} {
		if got := d.guard.known(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
	for origin, want := range map[string]bool{"https://gw.example.net": true, "http://gw.example.net:9180": true, "https://evil.example": false, "ftp://gw.example.net": false} {
		if got := d.guard.ours(origin); got != want {
			t.Errorf("%q: %v", origin, got)
		}
	}
}
