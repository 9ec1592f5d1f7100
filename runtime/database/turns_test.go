package database

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReaderWaitsForItsTurn reads while a transaction has locked the file, because it does not
// fit into the cache. The reader waits for the connection of the transaction, and not for the
// lock, which other transactions could take first.
func TestReaderWaitsForItsTurn(t *testing.T) {
	source := File(filepath.Join(t.TempDir(), "a.sqlite"))
	source.Foreign, source.Turns = true, true
	db := New(source)
	defer db.Close()
	for _, text := range []string{"CREATE TABLE t (id INTEGER, text TEXT)", "PRAGMA cache_size=2"} {
		if _, err := db.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := db.BeginDefault(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for id := range 100 {
		if _, err := tx.Exec(t.Context(), "INSERT INTO t (id, text) VALUES (?, ?)", id, strings.Repeat("x", 4000)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	read := make(chan error, 1)
	go func() {
		_, err := db.Row(t.Context(), "SELECT COUNT(*) FROM t", nil, &n)
		read <- err
	}()
	waiting := time.NewTicker(time.Millisecond)
	defer waiting.Stop()
	for db.write.db.Stats().WaitCount == 0 {
		select {
		case err := <-read:
			t.Fatalf("the reader has not waited: %v", err)
		case <-waiting.C:
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil || n != 100 {
		t.Errorf("the reader sees %d rows: %v", n, err)
	}
}
