package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
	"spectrumlua/runtime/store"
)

// processVariable makes the test's program run one of processes instead of the tests.
const processVariable = "STORE_TEST_PROCESS"

// job tells a process what to do.
type job struct {
	What   string
	Engine string
	Path   string
	URL    string
	Prefix string
	Keys   string
	N      int
}

var processes = map[string]func(j job, s *store.Store) error{
	"count":   countUp,
	"migrate": func(_ job, s *store.Store) error { return s.Prepare(context.Background()) },
	"rotate": func(j job, s *store.Store) error {
		for range j.N {
			if err := (&store.Keyring{Path: j.Keys}).Rotate(); err != nil {
				return err
			}
			key := fmt.Sprint(os.Getpid(), rand.Int64())
			if err := s.Write(context.Background(), s.DB(), alice, key, store.Value{Data: []byte("x"), Secret: true}); err != nil {
				return err
			}
		}
		return nil
	},
	"secret": func(_ job, s *store.Store) error {
		return s.Write(context.Background(), s.DB(), alice, strconv.Itoa(os.Getpid()), store.Value{Data: []byte("x"), Secret: true})
	},
	"write": writeUntilKilled,
	"lock":  holdLock,
	"full":  writeUntilFull,
}

// process does a job. It runs in a separate process, and returns its exit code.
func process(text string) int {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		panic(err)
	}
	place := database.File(j.Path)
	if j.URL != "" {
		var err error
		if place, err = database.Parse(j.URL, "/"); err != nil {
			panic(err)
		}
	}
	place.Prefix = j.Prefix
	db := database.New(place)
	s, err := store.New(db, store.Options{Keys: &store.Keyring{Path: j.Keys}})
	if err != nil {
		panic(err)
	}
	// All processes begin at the same time.
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	if err := processes[j.What](j, s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := db.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// child is a running process that does a job.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	input io.WriteCloser
	lines *bufio.Scanner
	err   *strings.Builder
}

func start(t *testing.T, p database.Source, j job) *child {
	t.Helper()
	j.Engine, j.Path, j.Prefix = p.Engine.Name, p.Path, p.Prefix
	j.URL = os.Getenv(databasetest.Variables[p.Engine.Name])
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: exec.Command(os.Args[0]), err: &strings.Builder{}}
	c.cmd.Env = append(os.Environ(), processVariable+"="+string(text), "GORACE=atexit_sleep_ms=0")
	c.cmd.Stderr = c.err
	c.input, _ = c.cmd.StdinPipe()
	out, _ := c.cmd.StdoutPipe()
	c.lines = bufio.NewScanner(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	if line := c.line(); line != "ready" {
		t.Fatalf("%q: %s", line, c.err)
	}
	return c
}

func (c *child) line() string {
	c.t.Helper()
	if !c.lines.Scan() {
		return ""
	}
	return c.lines.Text()
}

func (c *child) begin() { fmt.Fprintln(c.input) }

func (c *child) end() {
	c.t.Helper()
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("%v: %s", err, c.err)
	}
}

// together lets n processes do the same job at the same time.
func together(t *testing.T, n int, p database.Source, j job) {
	t.Helper()
	var all []*child
	for range n {
		all = append(all, start(t, p, j))
	}
	for _, c := range all {
		c.begin()
	}
	for _, c := range all {
		c.end()
	}
}

func increment(v store.Value, found bool) (store.Value, error) {
	n := 0
	if found {
		if err := json.Unmarshal(v.Data, &n); err != nil {
			return v, err
		}
	}
	return text(strconv.Itoa(n + 1)), nil
}

// countUp increments values in three ways: with Change, with Read and Replace, and in
// transactions.
func countUp(j job, s *store.Store) error {
	ctx := context.Background()
	for range j.N {
		if err := s.Change(ctx, s.DB(), alice, "change", increment); err != nil {
			return err
		}
		if err := byHand(ctx, s); err != nil {
			return err
		}
		if err := inTransaction(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func byHand(ctx context.Context, s *store.Store) error {
	for attempt := 0; ; attempt++ {
		v, found, at, err := s.Read(ctx, s.DB(), alice, "by hand")
		if err != nil {
			return err
		}
		if v, err = increment(v, found); err != nil {
			return err
		}
		if done, err := s.Replace(ctx, s.DB(), alice, "by hand", at, &v); err != nil || done {
			return err
		}
		if err := s.Pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func inTransaction(ctx context.Context, s *store.Store) error {
	for attempt := 0; ; attempt++ {
		tx, err := s.DB().Begin(ctx)
		if err != nil {
			return err
		}
		err = s.Change(ctx, tx, alice, "transaction", increment)
		if err == nil {
			err = tx.Commit()
		}
		tx.Rollback()
		if err == nil || !tx.Conflicted() {
			return err
		}
		if err := s.Pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func TestProcessesCountTogether(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		const n = 25
		together(t, 4, p, job{What: "count", N: n})
		s := open(t, p, nil)
		for _, key := range []string{"change", "by hand", "transaction"} {
			if got := get(t, s, alice, key); got != strconv.Itoa(4*n) {
				t.Errorf("%s: counted to %s, want %d", key, got, 4*n)
			}
		}
	})
}

func TestProcessesMigrateTogether(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		together(t, 2, p, job{What: "migrate"})
		set(t, open(t, p, nil), alice, "k", text("v"))
	})
}

func TestProcessesMakeOneKey(t *testing.T) {
	p := database.File(filepath.Join(t.TempDir(), "a.sqlite"))
	keys := store.KeyFile(t.TempDir())
	together(t, 2, p, job{What: "secret", Keys: keys})
	s := open(t, p, &store.Keyring{Path: keys})
	all := keysOf(t, s, alice, "")
	if len(all) != 2 {
		t.Fatalf("%q", all)
	}
	for _, key := range all {
		if got := get(t, s, alice, key); got != "x" {
			t.Errorf("got %q", got)
		}
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(keys), "*"))
	hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(keys), ".*"))
	if len(files)+len(hidden) != 1 || err != nil {
		t.Errorf("left behind: %q %q", files, hidden)
	}
}

// TestProcessesRotateTogetherWithoutLosingKeys starts without a key file.
func TestProcessesRotateTogetherWithoutLosingKeys(t *testing.T) {
	p := database.File(filepath.Join(t.TempDir(), "a.sqlite"))
	keys := store.KeyFile(t.TempDir())
	together(t, 3, p, job{What: "rotate", Keys: keys, N: 10})
	s := open(t, p, &store.Keyring{Path: keys})
	all := keysOf(t, s, alice, "")
	if len(all) != 30 {
		t.Fatalf("%d secrets", len(all))
	}
	for _, key := range all {
		if got := get(t, s, alice, key); got != "x" {
			t.Errorf("got %q", got)
		}
	}
	info, err := os.Stat(keys)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

// writeUntilKilled prints each key after its write is acknowledged.
func writeUntilKilled(_ job, s *store.Store) error {
	for i := 0; ; i++ {
		key := fmt.Sprint("key", i)
		if err := s.Write(context.Background(), s.DB(), alice, key, text(strings.Repeat(key, 50))); err != nil {
			return err
		}
		fmt.Println(key)
	}
}

// TestKilledProcessKeepsAcknowledgedWrites kills a process while it writes.
func TestKilledProcessKeepsAcknowledgedWrites(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		var acknowledged []string
		for range 3 {
			c := start(t, p, job{What: "write"})
			c.begin()
			acknowledged = acknowledged[:0]
			for len(acknowledged) < 40 {
				acknowledged = append(acknowledged, c.line())
			}
			_ = c.cmd.Process.Signal(syscall.SIGKILL)
			for c.lines.Scan() { // keys that were printed before the process was killed
				acknowledged = append(acknowledged, c.lines.Text())
			}
			_ = c.cmd.Wait()
		}
		s := open(t, p, nil)
		for _, key := range acknowledged {
			if got := get(t, s, alice, key); got != strings.Repeat(key, 50) {
				t.Errorf("%s: got %q", key, got)
			}
		}
		if p.Engine == database.SQLite {
			var state string
			if _, err := s.DB().Row(soon(t), "PRAGMA integrity_check", nil, &state); err != nil || state != "ok" {
				t.Error(state, err)
			}
		}
	})
}

// holdLock holds the write lock until it reads a line.
func holdLock(_ job, s *store.Store) error {
	if err := s.Prepare(context.Background()); err != nil {
		return err
	}
	tx, err := s.DB().Begin(context.Background())
	if err != nil {
		return err
	}
	if err := s.Write(context.Background(), tx, alice, "k", text("locked")); err != nil {
		return err
	}
	fmt.Println("locked")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	return tx.Commit()
}

func TestWriterWaitsForTheLockOfAnotherProcess(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		s := open(t, p, nil)
		set(t, s, alice, "k", text("before"))
		c := start(t, p, job{What: "lock"})
		c.begin()
		if line := c.line(); line != "locked" {
			t.Fatal(line, c.err)
		}
		if got := get(t, s, alice, "k"); got != "before" {
			t.Errorf("a reader sees %q", got)
		}
		short, cancel := context.WithTimeout(context.Background(), 1e8)
		defer cancel()
		err := s.Write(short, s.DB(), alice, "k", text("mine"))
		if err == nil || err.Error() != "timeout" {
			t.Errorf("error %v", err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Write(soon(t), s.DB(), alice, "k", text("mine")) }()
		c.begin()
		if err := <-done; err != nil {
			t.Error(err)
		}
		c.end()
		if got := get(t, s, alice, "k"); got != "mine" {
			t.Errorf("got %q", got)
		}
	})
}

// limits holds two ways to limit the size of the database without root.
var limits = []func(db *database.DB) error{
	func(db *database.DB) error {
		_, err := db.Exec(context.Background(), "PRAGMA max_page_count=60")
		return err
	},
	func(*database.DB) error {
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 300 << 10, Max: 300 << 10})
	},
}

// writeUntilFull writes until the database is full, and prints the number of values.
func writeUntilFull(j job, s *store.Store) error {
	if err := s.Prepare(context.Background()); err != nil {
		return err
	}
	if err := limits[j.N](s.DB()); err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := s.Write(context.Background(), s.DB(), alice, fmt.Sprint(i), text(strings.Repeat("x", 5000))); err != nil {
			fmt.Println(i)
			fmt.Println(err)
			// Earlier values can still be read.
			v, found, _, err := s.Read(context.Background(), s.DB(), alice, "0")
			fmt.Println(found, len(v.Data), err)
			return nil
		}
	}
}

// TestFullDiskFailsWritesAndLosesNoValue limits the size of the database.
func TestFullDiskFailsWritesAndLosesNoValue(t *testing.T) {
	for n, want := range []string{"has no room left", "disk I/O error"} {
		t.Run(want, func(t *testing.T) {
			p := database.File(filepath.Join(t.TempDir(), "a.sqlite"))
			c := start(t, p, job{What: "full", N: n})
			c.begin()
			count, err := strconv.Atoi(c.line())
			if err != nil || count < 5 {
				t.Fatal(count, err, c.err)
			}
			if why := c.line(); !strings.Contains(why, want) {
				t.Errorf("the error is %q", why)
			}
			if state := c.line(); state != "true 5000 <nil>" {
				t.Errorf("reading after the error: %s", state)
			}
			_ = c.cmd.Wait()
			s := open(t, p, nil)
			for i := range count {
				if got := get(t, s, alice, strconv.Itoa(i)); len(got) != 5000 {
					t.Errorf("value %d is lost", i)
				}
			}
			set(t, s, alice, "more", text("v")) // this process has no limit
		})
	}
}
