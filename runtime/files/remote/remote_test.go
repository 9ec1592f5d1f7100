package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"spectrumlua/runtime/files/remote"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// public is an address of the internet, which the test's dialer connects to its server.
const public = "93.184.216.34"

// world has names, and a server that is reached at the public address only.
type world struct {
	*remote.Client
	names map[string]func() string
	dials atomic.Int32
}

func newWorld(t *testing.T, handler http.HandlerFunc) *world {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	w := &world{names: map[string]func() string{"x.example": func() string { return public }}}
	w.Client = &remote.Client{
		Lookup: func(_ context.Context, host string) (all []netip.Addr, err error) {
			name := w.names[host]
			if name == nil {
				return nil, &net.DNSError{Name: host, IsNotFound: true}
			}
			for text := range strings.FieldsSeq(name()) {
				all = append(all, netip.MustParseAddr(text))
			}
			return all, nil
		},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			w.dials.Add(1)
			if address != public+":80" {
				return nil, fmt.Errorf("a connection to %s", address)
			}
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	return w
}

// read downloads a file.
func (w *world) read(t *testing.T, url string, most int64) (*remote.File, string, error) {
	t.Helper()
	f, err := w.Get(t.Context(), url, most)
	if err != nil {
		return nil, "", err
	}
	defer f.Body.Close()
	data, err := io.ReadAll(f.Body)
	return f, string(data), err
}

func TestFilesOfTheInternetAreDownloaded(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		io.WriteString(w, "hello "+r.Header.Get("Accept-Encoding")+r.Header.Get("Referer"))
	})
	f, body, err := w.read(t, "http://x.example/a%20b.png?x=y", 100)
	if err != nil || body != "hello " || f.Name != "a b.png" || f.Type != "image/png" || f.Size != 6 {
		t.Errorf("%+v %q %v", f, body, err)
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("a request") })
	for _, a := range []string{
		"127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
		"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:93.184.216.34", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::5db8:d822", "64:ff9b:1::1", "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1",
		"ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "100::1", "3fff::1", "5f00::1",
	} {
		host := a
		if strings.Contains(a, ":") {
			host = "[" + a + "]"
		}
		if _, _, err := w.read(t, "http://"+host+"/", 100); !errors.Is(err, remote.ErrAddress) {
			t.Errorf("%s: %v", a, err)
		}
		w.names["inner.example"] = func() string { return a }
		if _, _, err := w.read(t, "http://inner.example/", 100); !errors.Is(err, remote.ErrAddress) {
			t.Errorf("a name of %s: %v", a, err)
		}
	}
	// These are no addresses to Go, but they are to some resolvers.
	for _, host := range []string{"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "localhost."} {
		if _, _, err := w.read(t, "http://"+host+"/", 100); err == nil {
			t.Errorf("%s is allowed", host)
		}
	}
	if _, _, err := w.read(t, "http://[fe80::1%25eth0]/", 100); err == nil {
		t.Error("an address with a zone is allowed")
	}
	if n := w.dials.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
	for _, a := range []string{public, "8.8.8.8", "2606:2800:220:1::1", "100.63.255.255", "172.32.0.1"} {
		if !remote.Public(netip.MustParseAddr(a)) {
			t.Errorf("%s is refused", a)
		}
	}
}

func TestOnlyPublicAddressesOfANameAreUsed(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	w.names["x.example"] = func() string { return "127.0.0.1 " + public + " ::1" }
	if _, body, err := w.read(t, "http://x.example/", 100); body != "ok" || w.dials.Load() != 1 {
		t.Errorf("%q %v, %d connections", body, err, w.dials.Load())
	}
}

// TestRedirectsToPrivateAddressesAreRefused includes a name that changes its address.
func TestRedirectsToPrivateAddressesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, to string
		want     string
	}{
		{"an address", "http://127.0.0.1/", "private network"},
		{"the metadata of a cloud", "http://169.254.169.254/latest/meta-data/", "private network"},
		{"a private name", "http://inner.example/", "private network"},
		{"the same name, which has changed", "http://x.example/again", "private network"},
		{"a file", "file:///etc/passwd", "http or https"},
		{"a socket", "unix:///run/x", "http or https"},
		{"another protocol", "gopher://x.example/", "http or https"},
		{"a password", "http://a:b@x.example/", "password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests := 0
			w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				http.Redirect(w, r, c.to, http.StatusFound)
			})
			lookups := 0
			w.names["inner.example"] = func() string { return "192.168.0.1" }
			w.names["x.example"] = func() string {
				if lookups++; lookups > 1 {
					return "127.0.0.1"
				}
				return public
			}
			_, _, err := w.read(t, "http://x.example/", 100)
			if err == nil || !strings.Contains(err.Error(), c.want) || requests != 1 {
				t.Errorf("%v after %d requests", err, requests)
			}
		})
	}
}

func TestRedirectsAreLimited(t *testing.T) {
	requests := 0
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, "/", http.StatusFound)
	})
	if _, _, err := w.read(t, "http://x.example/", 100); err == nil || requests != 6 {
		t.Errorf("%v after %d requests", err, requests)
	}
}

func TestSizesAreBounded(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		body    string
		want    error
	}{
		{"exactly the limit", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "0123456789") }, "0123456789", nil},
		{"a large Content-Length", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "11") }, "", remote.ErrTooLarge},
		{"an endless body", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}, "xxxxxxxxxx", remote.ErrTooLarge},
		{"a false Content-Length", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "8")
			io.WriteString(w, "123")
		}, "123", io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.handler)
			_, body, err := w.read(t, "http://x.example/", 10)
			if body != c.body || !errors.Is(err, c.want) {
				t.Errorf("%q %v", body, err)
			}
		})
	}
}

func TestUnusableAddressesAreErrors(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		if r.URL.Path == "/404" {
			w.WriteHeader(404)
		}
	})
	for address, want := range map[string]string{
		"aesgcm://x.example/a#00":       "encrypted",
		"file:///etc/passwd":            "http or https",
		"/etc/passwd":                   "http or https",
		"http:///a":                     "no host",
		"http://a:hunter2@x.example/":   "a password",
		"http://x.example:hunter2/\x00": "not a valid address",
		"http://x.example/404":          "the status 404",
		"http://x.example/":             "compresses",
		"http://unknown.example/":       "unknown.example",
	} {
		_, _, err := w.read(t, address, 100)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestPrivateNetworksCanBeAllowed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	defer server.Close()
	c := remote.Client{Private: true}
	f, err := c.Get(t.Context(), server.URL, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Body.Close()
	if data, err := io.ReadAll(f.Body); string(data) != "ok" || err != nil {
		t.Errorf("%q %v", data, err)
	}
}
