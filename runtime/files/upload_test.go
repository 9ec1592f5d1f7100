package files_test

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"spectrumlua/runtime/files"
)

func (s *scene) slot(owner, name string, size int64) files.Slot {
	s.t.Helper()
	slot, err := s.AddSlot(s.t.Context(), files.Meta{Owner: owner, Name: name, Size: size})
	if err != nil {
		s.t.Fatal(err)
	}
	return slot
}

func TestUploadsWorkOnceWithTheirSize(t *testing.T) {
	s := start(t)
	slot := s.slot("a@x", "a.txt", 5)
	if a := get(t, slot.Get); a.StatusCode != 404 {
		t.Errorf("before the upload: %d", a.StatusCode)
	}
	for body, want := range map[string]int{"": 400, "1234": 400, "123456": 413} {
		if a := do(t, "PUT", slot.Put, body); a.StatusCode != want {
			t.Errorf("PUT %q: %d", body, a.StatusCode)
		}
	}
	for _, body := range []string{"1234", "123456"} { // without a Content-Length
		r, _ := http.NewRequestWithContext(t.Context(), "PUT", slot.Put, io.MultiReader(strings.NewReader(body)))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 400 {
			t.Errorf("PUT %q in chunks: %d", body, res.StatusCode)
		}
	}
	if a := do(t, "PUT", slot.Put, "12345", "Content-Range", "bytes 0-4/5"); a.StatusCode != 400 {
		t.Errorf("a part: %d", a.StatusCode)
	}
	if a := do(t, "PUT", slot.Put, "12345", "Content-Encoding", "gzip"); a.StatusCode != 415 {
		t.Errorf("a compressed file: %d", a.StatusCode)
	}
	if a := do(t, "PUT", slot.Put, "12345", "If-Match", "*"); a.StatusCode != 412 {
		t.Errorf("a change of a file: %d", a.StatusCode)
	}
	if a := do(t, "PUT", slot.Put, "12345", "Content-Type", "text/html"); a.StatusCode != 201 {
		t.Errorf("PUT: %d", a.StatusCode)
	}
	if a := get(t, slot.Get); a.body != "12345" || a.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%d %q %s", a.StatusCode, a.body, a.Header.Get("Content-Type"))
	}
	if a := do(t, "PUT", slot.Put, "54321"); a.StatusCode != 409 || get(t, slot.Get).body != "12345" {
		t.Errorf("a second PUT: %d", a.StatusCode)
	}
	if a := do(t, "PUT", strings.Replace(slot.Put, "a.txt", "", 1)[:len(slot.Put)-10]+"AAAA", "x"); a.StatusCode != 404 {
		t.Errorf("an unknown slot: %d", a.StatusCode)
	}
}

func TestUploadsHaveTheTypeOfTheirSlot(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		announced, sent string
		status          int
		served          string
	}{
		{"image/png", "image/png", 201, "image/png"},
		{"image/png", "Image/PNG", 201, "image/png"},
		{"image/png", "", 201, "image/png"},
		{"image/png", "image/jpeg", 415, ""},
		{"image/png", "application/octet-stream", 415, ""},
		{"image/png", "nonsense", 415, ""},
		{"text/plain", "text/plain; charset=UTF-8", 201, "text/plain; charset=utf-8"},
		{"text/plain; charset=utf-8", "text/plain", 201, "text/plain; charset=utf-8"},
		{"", "image/png", 201, "text/plain; charset=utf-8"},
		{"nonsense", "image/png", 201, "text/plain; charset=utf-8"},
	} {
		slot, err := s.AddSlot(t.Context(), files.Meta{Owner: "a@x", Name: "a.txt", Type: c.announced, Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		var header []string
		if c.sent != "" {
			header = []string{"Content-Type", c.sent}
		}
		if a := do(t, "PUT", slot.Put, "x", header...); a.StatusCode != c.status {
			t.Errorf("%q for %q: %d, not %d", c.sent, c.announced, a.StatusCode, c.status)
		}
		a := get(t, slot.Get)
		if c.status == 201 && a.Header.Get("Content-Type") != c.served || c.status != 201 && a.StatusCode != 404 {
			t.Errorf("%q for %q is served as %d %s", c.sent, c.announced, a.StatusCode, a.Header.Get("Content-Type"))
		}
	}
}

func TestOnlyOneOfSimultaneousUploadsSucceeds(t *testing.T) {
	s := start(t)
	slot := s.slot("a@x", "a", 100_000)
	var mu sync.Mutex
	counts := map[int]int{}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			a := do(t, "PUT", slot.Put, strings.Repeat(fmt.Sprint(i), 100_000))
			mu.Lock()
			defer mu.Unlock()
			counts[a.StatusCode]++
		})
	}
	all.Wait()
	body := get(t, slot.Get).body
	if counts[201] != 1 || counts[201]+counts[409] != 8 || body != strings.Repeat(body[:1], 100_000) {
		t.Errorf("%v", counts)
	}
}

func TestSlotsExpire(t *testing.T) {
	s := start(t, "quota=5")
	slot := s.slot("a@x", "a", 5)
	if _, err := s.AddSlot(t.Context(), files.Meta{Owner: "b@x", Size: 5}); !errors.Is(err, files.ErrQuota) {
		t.Errorf("a slot beyond the quota: %v", err)
	}
	s.advance(6 * time.Minute)
	if a := do(t, "PUT", slot.Put, "12345"); a.StatusCode != 404 {
		t.Errorf("%d", a.StatusCode)
	}
	s.Sweep(t.Context())
	s.slot("b@x", "a", 5)
}

func TestAnInterruptedUploadCanBeRepeated(t *testing.T) {
	s := start(t)
	slot := s.slot("a@x", "a", 10)
	host, path, _ := strings.Cut(strings.TrimPrefix(slot.Put, "http://"), "/")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "PUT /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345", path)
	conn.(*net.TCPConn).CloseWrite()
	if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != 400 {
		t.Errorf("%v %v", res, err)
	}
	conn.Close()
	if a := do(t, "PUT", slot.Put, "1234567890"); a.StatusCode != 201 {
		t.Errorf("%d", a.StatusCode)
	}
}

// TestClientsThatReadLateGetTheAnswer sends all of a body before it reads, as proxies do.
func TestClientsThatReadLateGetTheAnswer(t *testing.T) {
	s := start(t)
	body := strings.Repeat("x", 8<<20)
	used := s.slot("a@x", "a", 5)
	if a := do(t, "PUT", used.Put, "12345"); a.StatusCode != 201 {
		t.Fatal(a.StatusCode)
	}
	small, large := s.slot("a@x", "a", 5), s.slot("a@x", "a", int64(len(body)))
	for name, c := range map[string]struct {
		slot   files.Slot
		method string
		header string
		want   int
	}{
		"a used slot":       {slot: used, want: 409},
		"an unknown slot":   {slot: files.Slot{Put: used.Put[:len(used.Put)-10] + "AAAA/a"}, want: 404},
		"a longer file":     {slot: small, want: 413},
		"a compressed file": {slot: large, header: "Content-Encoding: gzip\r\n", want: 415},
		"another method":    {slot: large, method: "POST", want: 405},
		"an expectation":    {slot: used, header: "Expect: 100-continue\r\n", want: 409},
	} {
		for _, version := range []string{"1.0", "1.1"} {
			t.Run(name+"/"+version, func(t *testing.T) {
				host, path, _ := strings.Cut(strings.TrimPrefix(c.slot.Put, "http://"), "/")
				conn, err := net.Dial("tcp", host)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				_, err = fmt.Fprintf(conn, "%s /%s HTTP/%s\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n", cmp.Or(c.method, "PUT"), path, version, len(body), c.header)
				if err == nil && !strings.HasPrefix(c.header, "Expect") {
					_, err = io.WriteString(conn, body)
				}
				if err != nil {
					t.Fatal(err)
				}
				if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != c.want {
					t.Errorf("%v %v", res, err)
				}
			})
		}
	}
}

// TestAThousandSlotsAtOnce has many users, and one who wants too much.
func TestAThousandSlotsAtOnce(t *testing.T) {
	s := start(t, "quota=1G")
	var mu sync.Mutex
	urls, refused := map[string]bool{}, 0
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			owner := "greedy@x"
			if i < 500 {
				owner = fmt.Sprintf("u%d@x", i)
			}
			slot, err := s.AddSlot(t.Context(), files.Meta{Owner: owner, Name: "a", Size: 1000})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, files.ErrManySlots):
				refused++
			case err != nil:
				t.Error(err)
			default:
				urls[slot.Put] = true
			}
		})
	}
	all.Wait()
	if len(urls) != 600 || refused != 400 {
		t.Errorf("%d slots, %d refused", len(urls), refused)
	}
}
