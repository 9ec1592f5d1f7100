package http_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	luahttp "spectrumlua/luabind/modules/http"
)

func TestParseURL(t *testing.T) {
	for address, want := range map[string]string{
		"http://h/a b":                         "http://h/a%20b",
		"http://h/ä/ü?ö=ß":                     "http://h/%C3%A4/%C3%BC?%C3%B6=%C3%9F",
		"http://h/\xe4?\xfc":                   "http://h/%E4?%FC",
		"http://h/a%20b%2Fc|d":                 "http://h/a%20b%2Fc%7Cd",
		"http://h/a%2fb ä":                     "http://h/a%2fb%20%C3%A4",
		"http://h/100%":                        "http://h/100%25",
		"http://h/%zz?%zz":                     "http://h/%25zz?%zz",
		"http://h/\"<>`{}^":                    "http://h/%22%3C%3E%60%7B%7D%5E",
		"http://h/?a b\"<>'c":                  "http://h/?a%20b%22%3C%3E%27c",
		"http://h/?{a|b}`^\\":                  "http://h/?{a|b}`^\\",
		"http://h/[a]:@!$&'()*+,;=~":           "http://h/[a]:@!$&'()*+,;=~",
		"http://h/a\\b":                        "http://h/a/b",
		"http://h/a\x01\x7f":                   "http://h/a%01%7F",
		" \thttp://h/a\r\nb\n ":                "http://h/ab",
		"http://h?a b":                         "http://h?a%20b",
		"http://h/a?b?c//d":                    "http://h/a?b?c//d",
		"http://h/a#b c":                       "http://h/a",
		"http://h/?a#b?c":                      "http://h/?a",
		"http://Bücher.example/":               "http://xn--bcher-kva.example/",
		"https://bücher.example:8443/ä":        "https://xn--bcher-kva.example:8443/%C3%A4",
		"http://u:p%20w@b\u00fccher.example/x": "http://u:p%20w@xn--bcher-kva.example/x",
		"http://[::1]:80/ä":                    "http://[::1]:80/%C3%A4",
		"http://a_b.example/x":                 "http://a_b.example/x",
		"http://h/emoji/😀":                     "http://h/emoji/%F0%9F%98%80",
	} {
		u, err := luahttp.ParseURL(address, "http", "https")
		if err != nil || u.String() != want {
			t.Errorf("%q: %v %v, want %s", address, u, err, want)
			continue
		}
		if again, err := luahttp.ParseURL(want, "http", "https"); err != nil || again.String() != want {
			t.Errorf("%q is escaped again: %v %v", want, again, err)
		}
	}
	for address, want := range map[string]string{
		"":                        "the URL does not start with http:// or https://",
		"file:///etc/passwd":      "the URL does not start with http:// or https://",
		"http://":                 "the URL has no host",
		"http:///path":            "the URL has no host",
		"http://a b/":             "the URL is not valid",
		"http://h:port/s3cret":    "the URL is not valid",
		"http://\xff.example/":    "the URL's host is not valid",
		"http://a\u200db.ä\u00ad": "",
	} {
		_, err := luahttp.ParseURL(address, "http", "https")
		if want == "" {
			continue // whatever it is, without a panic
		}
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", address, err, want)
		}
	}
}

// TestEscape is for references, as in a Location.
func TestEscape(t *testing.T) {
	for reference, want := range map[string]string{
		"/a b":             "/a%20b",
		"/a//b c":          "/a//b%20c",
		"a//b c":           "a//b%20c",
		"?a b":             "?a%20b",
		"//bücher/ü":       "//bücher/%C3%BC",
		"../ü?ö":           "../%C3%BC?%C3%B6",
		"http://h/\xe9":    "http://h/%E9",
		"http://h":         "http://h",
		"":                 "",
		"%":                "%25",
		"/%4":              "/%254",
		"http://h/%41%zz#": "http://h/%41%25zz",
	} {
		if got := luahttp.Escape(reference); got != want {
			t.Errorf("%q: %q, want %q", reference, got, want)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("http://h/a b?c d#e")
	f.Add("https://ü:ö@ä:1\\%%zz?%\xff")
	f.Fuzz(func(t *testing.T, address string) {
		u, err := luahttp.ParseURL(address, "http", "https")
		if err != nil {
			return
		}
		if line := u.RequestURI(); strings.ContainsFunc(line, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Errorf("%q is asked for as %q", address, line)
		}
		again, err := luahttp.ParseURL(u.String(), "http", "https")
		if err != nil || again.String() != u.String() {
			t.Errorf("%q is %q, and that is %v, %v", address, u, again, err)
		}
	})
}

// TestURLsOnTheWire looks at the line that a server reads, and redirects as
// servers write them.
func TestURLsOnTheWire(t *testing.T) {
	url := peer(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{
			"/utf8": "/ü ü?ö ö", "/latin1": "/\xfc", "/percent": "/100%", "/pipe": "/a%2Fb|c", "/relative": "ü/b", "/blank": " /a\t",
		}[r.URL.Path]
		if to == "" {
			_, _ = w.Write([]byte(r.RequestURI))
			return
		}
		w.Header()["Location"] = []string{to}
		w.WriteHeader(http.StatusFound)
	})
	run(t, url, `
local function asked(path) return assert(http.get(url .. path)).body end
local function is(got, want) assert(got == want, got) end
is(asked("/ä b?c d=ü#x"), "/%C3%A4%20b?c%20d=%C3%BC")
is(asked("/a%2Fb|c"), "/a%2Fb%7Cc")
is(assert(http.get(url .. "/x y?a b", { query = { q = "c d" } })).body, "/x%20y?a%20b&q=c+d")
is(asked("/utf8"), "/%C3%BC%20%C3%BC?%C3%B6%20%C3%B6")
is(asked("/latin1"), "/%FC")
is(asked("/percent"), "/100%25")
is(asked("/pipe"), "/a%2Fb%7Cc")
is(asked("/relative"), "/%C3%BC/b")
is(asked("/blank"), "/a")
local r = assert(http.get(url .. "/latin1", { redirects = false }))
is(r.headers.location, "/\252")`)
}

// TestBodiesStayWithTheirServer redirects requests with a body.
func TestBodiesStayWithTheirServer(t *testing.T) {
	elsewhere := raw(t, func(conn net.Conn) {
		t.Error("another server is asked")
		conn.Close()
	})
	var back string
	other := peer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, back+"/show", http.StatusFound)
	})
	url := peer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/show":
			show(w, r)
		case "/307", "/308":
			w.Header().Set("Location", elsewhere+"/x?"+r.URL.RawQuery)
			w.WriteHeader(map[string]int{"/307": 307, "/308": 308}[r.URL.Path])
		case "/same":
			w.Header().Set("Location", "/show")
			w.WriteHeader(308)
		case "/there":
			w.Header().Set("Location", other)
			w.WriteHeader(302)
		}
	})
	back = url
	run(t, url, `
for _, code in ipairs { "307", "308" } do
  for _, options in ipairs { { body = "s3cret" }, { form = { token = "s3cret" } }, { json = { "s3cret" } }, { multipart = { a = "s3cret" } }, { body = "s3cret", method = "PUT" }, { body = "s3cret", stream = true } } do
    options.url = url .. "/" .. code
    local r, err = http.request(options)
    assert(r == nil)
    has(err, "the answer (" .. code .. ") redirects to another server, `+elsewhere+`, to which the body is not sent: name that server in the URL")
    hasnot(err, "s3cret")
  end
  local r = assert(http.post(url .. "/" .. code, "body", { redirects = false }))
  assert(r.status == tonumber(code))
end
has(assert(http.post(url .. "/same", "body")).body, "\n\nbody")
-- Another server leads back: it does not decide what is asked with the credentials.
local r = assert(http.get(url .. "/there", { headers = { ["X-Token"] = "s3cret" }, auth = { bearer = "s3cret" } }))
has(r.body, "GET /show")
hasnot(r.body, "s3cret")`)
}

func TestRedirectToAURLOfAnotherSchemeIsAnError(t *testing.T) {
	for _, to := range []string{"file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "data:text/plain,x", "gopher://h", "unix:/run/x", "HTTP+UNIX://x/y"} {
		url := peer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		})
		luatest.Run(t, head(url)+`
local r, err = http.get(url)
assert(r == nil)
has(err, "the answer redirects to a URL that is")`)
	}
}
