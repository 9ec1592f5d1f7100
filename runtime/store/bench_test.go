package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"spectrumlua/runtime/database"
)

// BenchmarkRead reads with a deadline, as scripts do.
func BenchmarkRead(b *testing.B) {
	s := open(b, database.File(filepath.Join(b.TempDir(), database.FileName)), nil)
	for i := range 100 {
		set(b, s, alice, fmt.Sprint("key", i), text(`"value"`))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		_, found, _, err := s.Read(ctx, s.DB(), alice, fmt.Sprint("key", i%100))
		cancel()
		if err != nil || !found {
			b.Fatal(found, err)
		}
	}
}

// TestMillionKeysAreReadInPages takes about ten seconds, so it runs only on request:
// STORE_MILLION=1 go test ./runtime/store -run Million.
func TestMillionKeysAreReadInPages(t *testing.T) {
	if os.Getenv("STORE_MILLION") == "" {
		t.Skip("STORE_MILLION is not set")
	}
	const million = 1_000_000
	s := open(t, database.File(filepath.Join(t.TempDir(), database.FileName)), nil)
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriter(w)
		fmt.Fprintln(out, `{"spectrum2_lua_store":1}`)
		for i := range million {
			fmt.Fprintf(out, `{"owner":%q,"key":"key%07d","json":%d}`+"\n", alice.Owner, i, i)
		}
		_ = w.CloseWithError(out.Flush())
	}()
	began := time.Now()
	if n, err := s.Import(context.Background(), r); n != million || err != nil {
		t.Fatal(n, err)
	}
	t.Logf("imported in %v", time.Since(began))
	began = time.Now()
	n, after := 0, ""
	for {
		page, err := s.Page(soon(t), s.DB(), alice, "key", after, 1000, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			if string(e.Value.Data) != fmt.Sprint(n) || e.Key <= after {
				t.Fatalf("%s after %s: %s", e.Key, after, e.Value.Data)
			}
			n, after = n+1, e.Key
		}
		if len(page) < 1000 {
			break
		}
	}
	if n != million {
		t.Errorf("%d keys", n)
	}
	t.Logf("read page by page in %v", time.Since(began))
	began = time.Now()
	if n, err := s.Export(context.Background(), io.Discard); n != million || err != nil {
		t.Error(n, err)
	}
	t.Logf("exported in %v", time.Since(began))
}
