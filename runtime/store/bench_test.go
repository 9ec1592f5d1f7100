package store_test

import (
	"context"
	"fmt"
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
