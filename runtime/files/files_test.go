package files_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/files"
)

// After an answer to a request that is too large, net/http waits half a second before it closes
// the connection.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// parse reads a config. $dir in the text is working_dir.
func parse(t *testing.T, dir, text string) (files.Settings, error) {
	t.Helper()
	c, err := config.Parse("/etc/x.cfg", []byte("[service]\njid=x.localhost\nworking_dir="+dir+"\n[files]\n"+text), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return files.ReadSettings(c)
}

// scene is a service whose clock the test moves.
type scene struct {
	*files.Service
	t      *testing.T
	clock  *clock.Movable
	folder string
	log    *bytes.Buffer
}

func start(t *testing.T, lines ...string) *scene { return startIn(t, t.TempDir(), lines...) }

func startIn(t *testing.T, dir string, lines ...string) *scene {
	t.Helper()
	text := strings.Join(lines, "\n")
	if !strings.Contains(text, "listen") {
		text += "\nlisten=127.0.0.1:0"
	}
	settings, err := parse(t, dir, text)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, clock: clock.NewMovable(nil), folder: settings.Folder, log: new(bytes.Buffer)}
	log := logrus.New()
	log.SetOutput(s.log)
	s.Service = files.New(files.Options{Settings: settings, Log: log, Clock: s.clock})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func (s *scene) advance(d time.Duration) {
	s.t.Helper()
	if err := s.clock.Advance(s.t.Context(), d); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) add(m files.Meta, content string) files.File {
	s.t.Helper()
	m.Size = int64(len(content))
	f, err := s.Add(s.t.Context(), m, strings.NewReader(content))
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

// answer is an answer whose body has been read.
type answer struct {
	*http.Response
	body string
	err  error // of the request, without a Response, or of reading the body
}

func do(t *testing.T, method, url, body string, header ...string) answer {
	t.Helper()
	a := try(t, method, url, body, header...)
	if a.Response == nil {
		t.Fatal(a.err)
	}
	return a
}

// try is do for a request that may remain without an answer.
func try(t *testing.T, method, url, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return answer{res, string(data), err}
}

func get(t *testing.T, url string, header ...string) answer {
	t.Helper()
	return do(t, "GET", url, "", header...)
}

// contents returns the names of the stored contents.
func (s *scene) contents() []string {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.folder, "data"))
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestSharedFilesAreServedWithRanges(t *testing.T) {
	s := start(t)
	f := s.add(files.Meta{Name: "hello.txt"}, "hello world")
	if !strings.HasSuffix(f.URL, "/hello.txt") || f.Type != "text/plain; charset=utf-8" || f.Size != 11 {
		t.Errorf("%+v", f)
	}
	a := get(t, f.URL)
	if a.StatusCode != 200 || a.body != "hello world" || a.Header.Get("Content-Disposition") != `inline; filename="hello.txt"` {
		t.Errorf("%v %q", a.Response, a.body)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes", "Referrer-Policy": "no-referrer", "Access-Control-Allow-Origin": "*"} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("CSP: %q", csp)
	}
	if a := get(t, f.URL, "Range", "bytes=6-"); a.StatusCode != 206 || a.body != "world" {
		t.Errorf("a range: %v %q", a.StatusCode, a.body)
	}
	if a := get(t, f.URL, "Range", "bytes=99-"); a.StatusCode != 416 {
		t.Errorf("a range beyond the end: %v", a.StatusCode)
	}
	if a := get(t, f.URL, "If-None-Match", a.Header.Get("ETag")); a.StatusCode != 304 {
		t.Errorf("a cached file: %v", a.StatusCode)
	}
	if a := do(t, "HEAD", f.URL, ""); a.StatusCode != 200 || a.ContentLength != 11 || a.body != "" {
		t.Errorf("HEAD: %v %d %q", a.StatusCode, a.ContentLength, a.body)
	}
}

// TestRangesFollowRFC9110 asks for ranges that net/http alone does not answer well, and for
// others beside them.
func TestRangesFollowRFC9110(t *testing.T) {
	s := start(t)
	full := s.add(files.Meta{Name: "a.txt"}, "hello world").URL
	empty := s.add(files.Meta{Name: "b.txt"}, "").URL
	for _, c := range []struct {
		method, url, header string
		status              int
		body, place         string
	}{
		{"GET", full, "bytes=-5", 206, "world", "bytes 6-10/11"},
		{"GET", full, "BYTES=0-4", 206, "hello", "bytes 0-4/11"},
		{"GET", full, "bytes=-0", 416, "", "bytes */11"},
		{"GET", full, "bytes= -00 , 99-", 416, "", "bytes */11"},
		{"GET", full, "bytes=-0,0-4", 206, "hello", "bytes 0-4/11"},
		{"GET", full, "lines=1-2", 200, "hello world", ""},
		{"GET", full, "bytes", 200, "hello world", ""},
		{"GET", full, "bytes=x", 416, "", ""},
		{"HEAD", full, "bytes=0-4", 200, "", ""},
		{"GET", empty, "bytes=-5", 200, "", ""},
		{"GET", empty, "bytes=0-", 200, "", ""},
	} {
		a := do(t, c.method, c.url, "", "Range", c.header)
		if a.StatusCode != c.status || a.StatusCode < 400 && a.body != c.body || a.Header.Get("Content-Range") != c.place {
			t.Errorf("%s %s: %d %q %q", c.method, c.header, a.StatusCode, a.body, a.Header.Get("Content-Range"))
		}
	}
}

func TestOnlyFilesAreServed(t *testing.T) {
	s := start(t)
	f := s.add(files.Meta{Name: "a.txt"}, "a")
	base, token, _ := strings.Cut(strings.TrimSuffix(f.URL, "/a.txt"), "://")
	host, token, _ := strings.Cut(token, "/")
	base += "://" + host
	for _, path := range []string{
		"", "/", "/data", "/index.sqlite", "/../index.sqlite", "/%2e%2e/index.sqlite", "/..%2findex.sqlite", "/data/" + token,
		"/" + token[:31], "/" + token + "x", "/" + strings.Repeat("A", 32), "/.", "//" + token + "x", "/\x7f", "/" + strings.Repeat("%00", 32),
		"/" + strings.Repeat("x", 8000),
	} {
		if a := get(t, base+strings.ReplaceAll(path, "\x7f", "%7f")); a.StatusCode != 404 || strings.Contains(a.body, "index") {
			t.Errorf("%.60q: %d %q", path, a.StatusCode, a.body)
		}
	}
	for _, method := range []string{"POST", "DELETE", "PATCH", "PROPFIND", "TRACE"} {
		if a := do(t, method, f.URL, ""); a.StatusCode != 405 {
			t.Errorf("%s: %d", method, a.StatusCode)
		}
	}
	if a := do(t, "OPTIONS", f.URL, ""); a.StatusCode != 204 || !strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("OPTIONS: %d", a.StatusCode)
	}
}

func TestDangerousTypesAreSavedAndNotShown(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ typ, name, content, served, kind string }{
		{"text/html", "a.html", "<script>", "application/octet-stream", "attachment"},
		{"", "a.html", "x", "application/octet-stream", "attachment"},
		{"", "unknown", "<html><script>alert(1)</script>", "application/octet-stream", "attachment"},
		{"image/svg+xml", "a.png", "<svg/>", "application/octet-stream", "attachment"},
		{"IMAGE/SVG+XML; charset=utf-8", "a", "<svg/>", "application/octet-stream", "attachment"},
		{"application/xhtml+xml", "a", "x", "application/octet-stream", "attachment"},
		{"text/xml", "a", "x", "application/octet-stream", "attachment"},
		{"text/javascript", "a.js", "x", "application/octet-stream", "attachment"},
		{"application/x-shockwave-flash", "a", "x", "application/octet-stream", "attachment"},
		{"audio/evil+xml", "a", "x", "application/octet-stream", "attachment"},
		{"text/html\r\nX: y", "a.bin", "x", "application/octet-stream", "attachment"},
		{"application/pdf", "a.pdf", "x", "application/pdf", "attachment"},
		{"text/plain; charset=iso-8859-1", "a", "x", "text/plain; charset=iso-8859-1", "inline"},
		{"image/png", "a.html", "x", "image/png", "inline"},
		{"video/mp4", "a.mp4", "x", "video/mp4", "inline"},
	} {
		f := s.add(files.Meta{Name: c.name, Type: c.typ}, c.content)
		a := get(t, f.URL)
		kind, _, _ := strings.Cut(a.Header.Get("Content-Disposition"), ";")
		if a.Header.Get("Content-Type") != c.served || kind != c.kind || a.Header.Get("X") != "" {
			t.Errorf("%q %q: %q, %s", c.typ, c.name, a.Header.Get("Content-Type"), kind)
		}
	}
}

func TestNamesAreSafe(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ name, clean, header string }{
		{"a b.txt", "a b.txt", `filename="a b.txt"`},
		{"../../etc/passwd", "passwd", `filename="passwd"`},
		{`..\..\boot.ini`, "boot.ini", `filename="boot.ini"`},
		{"/", "file", `filename="file"`},
		{"..", "file", `filename="file"`},
		{"", "file", `filename="file"`},
		{"a\x00\r\nb: c", "ab_ c", `filename="ab_ c"`},
		{`a";x="y.txt`, `a_;x=_y.txt`, `filename="a__x=_y.txt"; filename*=UTF-8''a_%3Bx%3D_y.txt`},
		{"<b/>&amp;", "_&amp;", `filename="_&amp_"; filename*=UTF-8''_&amp%3B`},
		{"naïve €.txt", "naïve €.txt", `filename="na_ve _.txt"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt`},
		{"photo\u202egpj.exe", "photogpj.exe", `filename="photogpj.exe"`},
		{"100%.txt", "100%.txt", `filename="100_.txt"; filename*=UTF-8''100%25.txt`},
		{"\xff\xfe.txt", "_.txt", `filename="_.txt"`},
	} {
		f := s.add(files.Meta{Name: c.name, Type: "text/plain"}, "x")
		a := get(t, f.URL)
		if f.Name != c.clean || a.body != "x" || a.Header.Get("Content-Disposition") != "inline; "+c.header {
			t.Errorf("%q: %q, %q, %q", c.name, f.Name, a.body, a.Header.Get("Content-Disposition"))
		}
	}
	long := files.CleanName(strings.Repeat("ä", 5000) + ".jpeg")
	if len(long) > 200 || !strings.HasSuffix(long, "ä.jpeg") {
		t.Errorf("%d bytes: %s", len(long), long)
	}
}

func TestQuotasRefuseAndLoseNothing(t *testing.T) {
	s := start(t, "max_size=1K", "user_quota=2K", "quota=3K")
	kilo := strings.Repeat("x", 1024)
	add := func(owner, content string) (files.File, error) {
		return s.Add(t.Context(), files.Meta{Owner: owner, Size: int64(len(content))}, strings.NewReader(content))
	}
	first := s.add(files.Meta{Owner: "a@x"}, kilo)
	s.add(files.Meta{Owner: "a@x"}, kilo)
	if _, err := add("a@x", "x"); !errors.Is(err, files.ErrUserQuota) {
		t.Errorf("the user's quota: %v", err)
	}
	if _, err := add("b@x", kilo+"x"); !errors.Is(err, files.ErrTooLarge) {
		t.Errorf("max_size: %v", err)
	}
	s.add(files.Meta{Owner: "b@x"}, kilo)
	if _, err := add("", "x"); !errors.Is(err, files.ErrQuota) {
		t.Errorf("the quota: %v", err)
	}
	if a := get(t, first.URL); a.body != kilo {
		t.Errorf("an older file: %v", a.StatusCode)
	}
	if err := s.Forget(t.Context(), "a@x"); err != nil {
		t.Fatal(err)
	}
	if a := get(t, first.URL); a.StatusCode != 404 || len(s.contents()) != 1 {
		t.Errorf("a forgotten file: %v, and %d files are left", a.StatusCode, len(s.contents()))
	}
	s.add(files.Meta{Owner: "a@x"}, kilo)
}

func TestFalseSizesAreErrors(t *testing.T) {
	s := start(t)
	for _, size := range []int64{0, 4, 6, 1000} {
		_, err := s.Add(t.Context(), files.Meta{Size: size}, strings.NewReader("12345"))
		if !errors.Is(err, files.ErrSize) {
			t.Errorf("%d: %v", size, err)
		}
	}
	if len(s.contents()) != 0 {
		t.Errorf("left: %q", s.contents())
	}
	s.add(files.Meta{}, "")
}

func TestFilesExpire(t *testing.T) {
	s := start(t, "expire=3600", "quota=10")
	f := s.add(files.Meta{Expire: time.Minute}, "0123456789")
	longest := s.Settings().Expire
	s.advance(40 * time.Second)
	if a := get(t, f.URL); a.StatusCode != 200 || !strings.HasPrefix(a.Header.Get("Cache-Control"), "private, max-age=1") {
		t.Errorf("before: %v %s", a.StatusCode, a.Header.Get("Cache-Control"))
	}
	s.advance(20 * time.Second)
	if a := get(t, f.URL); a.StatusCode != 404 {
		t.Errorf("after: %v", a.StatusCode)
	}
	s.Sweep(t.Context())
	f = s.add(files.Meta{Expire: 100 * longest}, "0123456789") // the quota is free
	s.advance(longest)
	s.Sweep(t.Context())
	if len(s.contents()) != 0 {
		t.Errorf("%s is still stored", f.URL)
	}
}

func TestFilesOutliveTheProcessAndLeftoversDoNot(t *testing.T) {
	dir := t.TempDir()
	s := startIn(t, dir, "quota=100")
	f := s.add(files.Meta{Name: "a"}, "kept")
	_, path, _ := strings.Cut(strings.TrimPrefix(f.URL, "http://"), "/")
	for name, text := range map[string]string{
		"run/00.sock": "", "run/01.lock": "", "run/01.sock": "", "data/orphan": "x",
	} {
		if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	next := startIn(t, dir, "quota=100")
	next.Sweep(t.Context())
	fresh := next.add(files.Meta{Name: "b"}, "x")
	host, _, _ := strings.Cut(strings.TrimPrefix(fresh.URL, "http://"), "/")
	if a := get(t, "http://"+host+"/"+path); a.body != "kept" {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
	runs, _ := os.ReadDir(filepath.Join(s.folder, "run"))
	if len(next.contents()) != 2 || len(runs) != 2 {
		t.Errorf("left: %q %v", next.contents(), runs)
	}
}

func TestMistakesInTheConfigNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"listen=8090":                           "",
		"":                                      "",
		"listen=0.0.0.0:8090":                   "/etc/x.cfg:5: [files] listen: public_url is missing",
		"listen=:8090":                          "/etc/x.cfg:5: [files] listen: public_url is missing",
		"listen=x":                              "/etc/x.cfg:5: [files] listen: it has to be a port or host:port",
		"listen=8090\npublic_url=files.example": "/etc/x.cfg:6: [files] public_url: it has to be an address",
		"public_url=https://x.example":          "/etc/x.cfg:5: [files] public_url: listen is missing",
		"listen=8090\nmax_size=lots":            "/etc/x.cfg:6: [files] max_size has to be a number of bytes",
		"listen=8090\nquota=0":                  "/etc/x.cfg:6: [files] quota: it has to be more than 0",
		"listen=8090\nexpire=1":                 "/etc/x.cfg:6: [files] expire: it has to be a number of seconds from 60",
		"listen=8090\nexpires=100":              "/etc/x.cfg:6: [files] expires: [files] has no such key; did you mean expire?",
		"listen=8090\ncert=a.pem":               "/etc/x.cfg:6: [files] cert: TLS needs both",
		"listen=[::]:8090\npublic_url=https://x.example/f": "",
	} {
		_, err := parse(t, "/tmp", text)
		if got := fmt.Sprint(err); want == "" && err != nil || !strings.HasPrefix(got, want) && want != "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCheckTriesTheFolderAndThePort(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"listen=127.0.0.1:0":                      "",
		"listen=" + busy.Addr().String():          "/etc/x.cfg:5: [files] listen: the address is in use",
		"listen=127.0.0.1:0\nfolder=plain":        "not a directory",
		"listen=127.0.0.1:0\ncert=a.pem\nkey=b":   "/etc/x.cfg:5: [files] cert and key: ",
		"listen=192.0.2.1:1\npublic_url=http://x": "/etc/x.cfg:5: [files] listen: ",
	} {
		settings, err := parse(t, dir, text)
		if err != nil {
			t.Fatal(err)
		}
		if err := files.Check(settings); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestWithoutAConfigNothingIsShared(t *testing.T) {
	s := start(t)
	off := files.New(files.Options{Log: logrus.New()})
	if _, err := off.Add(context.Background(), files.Meta{}, strings.NewReader("")); !errors.Is(err, files.ErrOff) || off.On() {
		t.Errorf("%v", err)
	}
	if err := errors.Join(off.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := s.Add(t.Context(), files.Meta{}, strings.NewReader("")); !errors.Is(err, files.ErrClosed) {
		t.Errorf("%v", err)
	}
}
