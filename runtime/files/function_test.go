package files_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"spectrumlua/runtime/files"
)

// gate is a function that a test controls.
type gate struct {
	runs   atomic.Int32
	pieces chan string   // what it writes; closed at its end
	failed chan error    // how it ended
	result error         // what it returns
	begun  chan struct{} // one for each run
}

func newGate() *gate {
	return &gate{pieces: make(chan string), failed: make(chan error, 100), begun: make(chan struct{}, 100)}
}

func (g *gate) run(ctx context.Context, w io.Writer) (err error) {
	g.runs.Add(1)
	g.begun <- struct{}{}
	defer func() { g.failed <- err }()
	for {
		select {
		case piece, ok := <-g.pieces:
			if !ok {
				return g.result
			}
			if _, err := io.WriteString(w, piece); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (s *scene) function(m files.Meta, run files.Function, o files.FunctionOptions) (files.File, func()) {
	s.t.Helper()
	f, drop, err := s.AddFunction(s.t.Context(), m, run, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return f, drop
}

// open begins to read a file.
func open(t *testing.T, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestFunctionsRunWhenSomebodyOpensTheirAddress(t *testing.T) {
	s := start(t)
	g := newGate()
	ended := make(chan struct{})
	f, _ := s.function(files.Meta{Name: "a.txt", Size: -1}, g.run, files.FunctionOptions{Keep: true, Done: func() { close(ended) }})
	if a := do(t, "HEAD", f.URL, ""); a.StatusCode != 200 || g.runs.Load() != 0 {
		t.Errorf("HEAD: %d, and %d runs", a.StatusCode, g.runs.Load())
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if a := get(t, f.URL); a.body != "hello world" || a.err != nil {
				t.Errorf("%d %q %v", a.StatusCode, a.body, a.err)
			}
		})
	}
	<-g.begun
	g.pieces <- "hello "
	g.pieces <- "world"
	close(g.pieces)
	all.Wait()
	if a := get(t, f.URL, "Range", "bytes=6-"); a.StatusCode != 206 || a.body != "world" || g.runs.Load() != 1 {
		t.Errorf("later: %d %q, %d runs", a.StatusCode, a.body, g.runs.Load())
	}
	<-ended // after the readers have everything
}

func TestReadersSeeADownloadGrow(t *testing.T) {
	for _, size := range []int64{-1, 10} {
		s := start(t)
		g := newGate()
		f, _ := s.function(files.Meta{Size: size}, g.run, files.FunctionOptions{})
		go func() { g.pieces <- "01234\n" }()
		first := bufio.NewReader(open(t, f.URL).Body)
		if line, err := first.ReadString('\n'); line != "01234\n" || err != nil {
			t.Errorf("%q %v", line, err)
		}
		second := bufio.NewReader(open(t, f.URL).Body)
		if line, err := second.ReadString('\n'); line != "01234\n" || err != nil {
			t.Errorf("%q %v", line, err)
		}
		g.pieces <- "678\n"
		close(g.pieces)
		for _, r := range []*bufio.Reader{first, second} {
			if rest, err := io.ReadAll(r); string(rest) != "678\n" || err != nil {
				t.Errorf("%q %v", rest, err)
			}
		}
		if g.runs.Load() != 1 {
			t.Errorf("%d runs", g.runs.Load())
		}
	}
}

func TestRangesOfAKnownSizeWaitForTheirPart(t *testing.T) {
	s := start(t)
	g := newGate()
	f, _ := s.function(files.Meta{Size: 10, Type: "video/mp4"}, g.run, files.FunctionOptions{})
	go func() {
		g.pieces <- "01234"
		g.pieces <- "56789"
		close(g.pieces)
	}()
	if a := get(t, f.URL, "Range", "bytes=7-8"); a.StatusCode != 206 || a.body != "78" || a.Header.Get("Content-Range") != "bytes 7-8/10" {
		t.Errorf("%d %q %s", a.StatusCode, a.body, a.Header.Get("Content-Range"))
	}
}

func TestFailuresOfFunctions(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name   string
		lines  string
		size   int64
		pieces []string
		result error
		status int
		broken bool // the body ends early
	}{
		{"before the first byte", "", -1, nil, boom, 502, false},
		{"in the middle", "", -1, []string{"abc"}, boom, 200, true},
		{"too short", "", 5, []string{"abc"}, nil, 200, true},
		{"nothing instead of something", "", 5, nil, nil, 502, false},
		{"too long", "", 2, []string{"abc"}, nil, 502, false},
		{"over max_size", "max_size=1K", -1, []string{strings.Repeat("x", 1025)}, nil, 502, false},
		{"over the quota", "quota=1K\nmax_size=1M", -1, []string{strings.Repeat("x", 2000)}, nil, 507, false},
		{"nothing", "", -1, nil, nil, 200, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, c.lines)
			f, _ := s.function(files.Meta{Size: c.size}, func(_ context.Context, w io.Writer) error {
				for _, piece := range c.pieces {
					if _, err := io.WriteString(w, piece); err != nil {
						return err
					}
				}
				return c.result
			}, files.FunctionOptions{Keep: c.broken})
			for range 2 {
				r, err := http.DefaultClient.Get(f.URL)
				if err != nil {
					if !c.broken {
						t.Error(err)
					}
					continue
				}
				body, err := io.ReadAll(r.Body)
				r.Body.Close()
				a := answer{r, string(body), err}
				broken := c.broken && a.StatusCode == 200 && a.err != nil || c.broken && a.StatusCode == 502
				if a.StatusCode != c.status && !broken || a.StatusCode == 200 && c.broken != (a.err != nil) {
					t.Errorf("%d %q %v", a.StatusCode, a.body, a.err)
				}
				if a.StatusCode != 200 && (a.Header.Get("Cache-Control") != "no-store" || strings.Contains(a.body, "boom")) {
					t.Errorf("%v %q", a.Header, a.body)
				}
			}
		})
	}
}

func TestAFailedDownloadLeavesNothing(t *testing.T) {
	s := start(t, "quota=2M")
	f, _ := s.function(files.Meta{Size: -1}, func(_ context.Context, w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
			return err
		}
		return errors.New("boom")
	}, files.FunctionOptions{Keep: true})
	for range 3 { // a leak would use up the quota
		if a := get(t, f.URL); a.StatusCode == 507 {
			t.Fatal("the quota is used up")
		}
		s.waitEmpty()
	}
	s.add(files.Meta{}, strings.Repeat("x", 2<<20))
}

// waitEmpty waits until no content is stored.
func (s *scene) waitEmpty() {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); len(s.contents()) > 0; {
		if time.Now().After(deadline) {
			s.t.Fatalf("%q are stored", s.contents())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestDownloadsWithoutReadersEndAfterAMoment(t *testing.T) {
	s := start(t)
	g := newGate()
	f, _ := s.function(files.Meta{Size: -1}, g.run, files.FunctionOptions{})
	read := func() {
		r, err := http.NewRequestWithContext(t.Context(), "GET", f.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	go func() { g.pieces <- "x" }()
	read()
	read() // players open a file more than once
	if g.runs.Load() != 1 {
		t.Errorf("%d runs", g.runs.Load())
	}
	for deadline := time.Now().Add(time.Minute); len(g.failed) == 0; {
		s.advance(11 * time.Second)
		if time.Now().After(deadline) {
			t.Fatal("the function still runs")
		}
	}
	s.waitEmpty()
}

func TestFunctionsWithoutProgressAreStopped(t *testing.T) {
	s := start(t)
	g := newGate()
	f, _ := s.function(files.Meta{Size: -1}, g.run, files.FunctionOptions{Stall: 5 * time.Second})
	done := make(chan answer)
	go func() { done <- get(t, f.URL) }()
	<-g.begun
	s.advance(6 * time.Second)
	if a := <-done; a.StatusCode != 504 {
		t.Errorf("%d", a.StatusCode)
	}
}

func TestDroppedFunctionsAreGone(t *testing.T) {
	s := start(t)
	done := make(chan struct{})
	f, drop := s.function(files.Meta{Size: -1}, newGate().run, files.FunctionOptions{Done: func() { close(done) }})
	drop()
	<-done
	drop()
	if a := get(t, f.URL); a.StatusCode != 410 {
		t.Errorf("%d", a.StatusCode)
	}
}

func TestTheNumberOfRunningFunctionsIsLimited(t *testing.T) {
	s := start(t)
	g := newGate()
	var all sync.WaitGroup
	for range 16 {
		f, _ := s.function(files.Meta{Size: -1}, g.run, files.FunctionOptions{})
		all.Go(func() { get(t, f.URL) })
		<-g.begun
	}
	f, _ := s.function(files.Meta{Size: -1}, g.run, files.FunctionOptions{})
	if a := get(t, f.URL); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("%d", a.StatusCode)
	}
	close(g.pieces)
	all.Wait()
}

// free returns an address that nobody uses.
func free(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// TestProcessesShareAServer has two services as in two processes: they share nothing but
// the folder and the port.
func TestProcessesShareAServer(t *testing.T) {
	dir, listen := t.TempDir(), "listen="+free(t)
	a, b := startIn(t, dir, listen), startIn(t, dir, listen)
	for _, s := range []*scene{a, b} {
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	foreign := startIn(t, t.TempDir(), listen)
	if err := foreign.Start(); err == nil || !strings.Contains(err.Error(), "/etc/x.cfg:5: [files] listen: the address is in use") {
		t.Errorf("a transport with another folder: %v", err)
	}
	var runs [2]atomic.Int32
	var urls []string
	for i, s := range []*scene{a, b} {
		urls = append(urls, s.add(files.Meta{Name: "a"}, "stored").URL)
		for range 10 {
			f, _ := s.function(files.Meta{Name: "naïve.txt", Size: -1}, func(_ context.Context, w io.Writer) error {
				runs[i].Add(1)
				_, err := io.WriteString(w, "made")
				return err
			}, files.FunctionOptions{})
			urls = append(urls, f.URL)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	for i, url := range urls {
		for range 3 {
			// A new connection each time may reach either process.
			if a := get(t, url, "Connection", "close"); a.StatusCode != 200 || a.body != "stored" && a.body != "made" ||
				a.body == "made" && !strings.Contains(a.Header.Get("Content-Disposition"), "na%C3%AFve") {
				t.Errorf("%d: %d %q %v", i, a.StatusCode, a.body, a.Header)
			}
		}
	}
	if runs[0].Load() == 0 || runs[1].Load() == 0 {
		t.Errorf("%d and %d runs", runs[0].Load(), runs[1].Load())
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	counts := map[int]int{}
	for _, url := range urls {
		counts[get(t, url, "Connection", "close").StatusCode]++
	}
	if counts[200] != 12 || counts[410] != 10 {
		t.Errorf("after the end of one process: %v", counts)
	}
}

func TestOwnFilesAreOpenedWithoutTheNetwork(t *testing.T) {
	dir := t.TempDir()
	// Nobody answers at this address.
	line := "public_url=https://files.invalid/x"
	a, b := startIn(t, dir, line), startIn(t, dir, line)
	for _, s := range []*scene{a, b} {
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	stored := a.add(files.Meta{Name: "a.txt"}, "stored")
	made, drop := a.function(files.Meta{Name: "b.txt", Size: -1}, func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "made")
		return err
	}, files.FunctionOptions{})
	for _, s := range []*scene{a, b} {
		for _, f := range []files.File{stored, made} {
			c, err := s.Open(t.Context(), f.URL)
			if err != nil || c == nil {
				t.Fatalf("%s: %v %v", f.Name, c, err)
			}
			body, err := io.ReadAll(c.Body)
			c.Body.Close()
			if c.Name != f.Name || err != nil || string(body) != "stored" && string(body) != "made" {
				t.Errorf("%+v %q %v", c, body, err)
			}
		}
	}
	drop()
	if _, err := b.Open(t.Context(), made.URL); err == nil {
		t.Error("a function that is gone")
	}
	for _, path := range []string{"", "../index.sqlite", strings.Repeat("A", 32)} {
		if _, err := a.Open(t.Context(), "https://files.invalid/x/"+path); !errors.Is(err, files.ErrMissing) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if c, err := a.Open(t.Context(), "https://files.invalid/y"); c != nil || err != nil {
		t.Errorf("another address: %v %v", c, err)
	}
}

// TestTheNextReaderAfterAFailureStartsTheFunctionAgain asks as soon as the answer is there,
// when the failed run may still be ending.
func TestTheNextReaderAfterAFailureStartsTheFunctionAgain(t *testing.T) {
	s := start(t)
	for range 50 {
		runs := 0
		f, _ := s.function(files.Meta{Size: -1}, func(_ context.Context, w io.Writer) error {
			if runs++; runs == 1 {
				return errors.New("boom")
			}
			_, err := io.WriteString(w, "made")
			return err
		}, files.FunctionOptions{Keep: true})
		if a := get(t, f.URL); a.StatusCode != 502 {
			t.Fatalf("the first run: %d", a.StatusCode)
		}
		if a := get(t, f.URL); a.body != "made" {
			t.Fatalf("the second run: %d %q", a.StatusCode, a.body)
		}
	}
}
