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
	d := New(Options{Public: public(t, "gw.example.net")})
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

// TestPortOfHTTPIsLeftOut has the names that browsers send for a page at the port 80.
func TestPortOfHTTPIsLeftOut(t *testing.T) {
	for _, c := range []struct {
		address, host string
		want          bool
	}{
		{"127.0.0.1:80", "127.0.0.1", true},
		{"127.0.0.1:80", "127.0.0.1:80", true},
		{"127.0.0.1:80", "localhost", true},
		{"127.0.0.1:80", "evil.example", false},
		{"127.0.0.1:8080", "127.0.0.1", false},
		{"[::1]:80", "[::1]", true},
		{"[::1]:8080", "[::1]:8080", true},
		{"[::1]:80", "", false},
	} {
		if got := (&guard{address: c.address}).known(c.host); got != c.want {
			t.Errorf("%q at %s: %t", c.host, c.address, got)
		}
	}
}

// public parses an address.
func public(t *testing.T, text string) Public {
	t.Helper()
	p, err := ParsePublic(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPublicIsANameOrAnAddress(t *testing.T) {
	for text, want := range map[string]string{
		"gw.example.net":                       "http://gw.example.net:9180/",
		"192.0.2.7":                            "http://192.0.2.7:9180/",
		"[2001:db8::7]":                        "http://[2001:db8::7]:9180/",
		"https://gw.example.net":               "https://gw.example.net/",
		"https://gw.example.net:443/":          "https://gw.example.net/",
		"https://gw.example.net:8443/a/b/":     "https://gw.example.net:8443/a/b/",
		"https://gw.example.net//a/../b//":     "https://gw.example.net/b/",
		"https://[2001:db8::7]/a":              "https://[2001:db8::7]/a/",
		"http://gw.example.net":                "http://gw.example.net/",
		"":                                     "",
		"gw.example.net:8443":                  "",
		"gw.example.net/a":                     "",
		"https://":                             "",
		"https:///a":                           "",
		"ftp://gw.example.net":                 "",
		"https://alice:secret@gw.example.net":  "",
		"https://gw.example.net/?a=b":          "",
		"https://gw.example.net/#a":            "",
		"https://gw.example.net/a%2fb":         "",
		"https://gw.example.net:port":          "",
		"https://gw.example.net/\nSet-Cookie:": "",
	} {
		p, err := ParsePublic(text)
		if (err == nil) != (want != "") || err == nil && p.address("9180") != want {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

// TestPageWorksBehindAProxyWithTLS has a proxy that keeps the path of its address, one that
// removes it, and one that leaves out its port in Host.
func TestPageWorksBehindAProxyWithTLS(t *testing.T) {
	for _, c := range []struct {
		name, path            string
		removesPath, dropPort bool
	}{
		{"without a path", "", false, false},
		{"without the port in Host", "", false, true},
		{"with a path", "/tools/lua", false, false},
		{"with a path that it removes", "/tools/lua", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			transport := newBackend(t, "a.localhost", true)
			b := open(t, Options{}, transport)
			proxy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.removesPath {
					r.URL.Path = strings.TrimPrefix(r.URL.Path, c.path)
				}
				if c.dropPort {
					r.Host, _, _ = net.SplitHostPort(r.Host)
				}
				b.handler().ServeHTTP(w, r)
			}))
			t.Cleanup(proxy.Close)
			b.opts.Public = public(t, proxy.URL+c.path)
			b.guard.public = b.opts.Public
			b.server = proxy
			jar := b.Jar
			b.Client = proxy.Client()
			b.Jar = jar
			page, err := url.Parse(b.URL())
			if err != nil || page.Scheme+"://"+page.Host+page.Path != proxy.URL+c.path+"/" {
				t.Fatal(page, err)
			}
			opened := b.at(page.String())
			expect(t, opened.body, "a.localhost", `href="style.css"`, `action="reload"`, `!href="/`, `!src="/`, `!action="/`)
			expect(t, opened.cookie, "Secure", "HttpOnly", "SameSite=Strict", "Path="+c.path+"/")
			if opened.address != proxy.URL+c.path+"/" {
				t.Errorf("the page is at %s", opened.address)
			}
			for _, link := range []string{"style.css", "page.js", "./"} {
				to, err := page.Parse(link)
				if err != nil {
					t.Fatal(err)
				}
				if a := b.at(to.String()); a.status != http.StatusOK {
					t.Errorf("%s: %d", to, a.status)
				}
			}
			press := func(origin string) int {
				status, _ := b.press(c.path+"/reload", url.Values{"file": {transport.file}, "form": {b.form}}, "Origin", origin)
				return status
			}
			if status := press(proxy.URL); status != http.StatusOK || transport.count("POST /reload") != 1 {
				t.Errorf("the button: %d, %d reloads", status, transport.count("POST /reload"))
			}
			for _, origin := range []string{"http://" + page.Host, "https://" + page.Hostname(), "https://evil.example", "null"} {
				if status := press(origin); status != http.StatusForbidden {
					t.Errorf("the button with the origin %s: %d", origin, status)
				}
			}
			if c.path == "" {
				return
			}
			if a := b.at(proxy.URL + c.path + "?token=" + b.token); !c.removesPath && a.address != proxy.URL+c.path+"/" {
				t.Errorf("without the slash at the end: %d at %s", a.status, a.address)
			}
		})
	}
}

// answer is the last of the answers to a request.
type answer struct {
	status                int
	body, address, cookie string // the cookie may be of an earlier answer
}

// at asks for an address and follows it.
func (b *browser) at(address string) answer {
	b.Helper()
	var cookie string
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		cookie = r.Response.Header.Get("Set-Cookie")
		return nil
	}
	res, err := b.Get(address)
	if err != nil {
		b.Fatal(err)
	}
	return answer{res.StatusCode, text(b, res), res.Request.URL.String(), cookie}
}
