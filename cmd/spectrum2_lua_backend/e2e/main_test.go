//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Paths of the tests, which TestMain sets.
var (
	repository string // top of the repository
	root       string // the Debian that provision.sh made
	runs       string // the folder of this process, below root
	backend    string // the program under test
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	here, err := os.Getwd()
	if err != nil {
		return 1, err
	}
	repository = filepath.Join(here, "../../..")
	root = filepath.Join(repository, ".e2e", "root")
	if dir := os.Getenv("E2E_ROOT"); dir != "" {
		root = dir
	}
	if root, err = filepath.Abs(root); err != nil {
		return 1, err
	}
	if _, err := os.Stat(filepath.Join(root, ".e2e-root")); err != nil {
		return 1, fmt.Errorf("%w: run provision.sh first", err)
	}
	lock, err := lockRoot()
	if err != nil {
		return 1, err
	}
	defer lock.Close()

	all := filepath.Join(root, "run", "e2e")
	removeStale(all)
	runs = filepath.Join(all, strconv.Itoa(os.Getpid()))
	if err := os.MkdirAll(runs, 0o755); err != nil {
		return 1, err
	}
	if os.Getenv("E2E_KEEP") == "" {
		defer os.RemoveAll(runs)
	}
	if backend, err = program("spectrum2_lua_backend"); err != nil {
		return 1, err
	}
	if limit := os.Getenv("E2E_PATIENCE"); limit != "" {
		if patience, err = time.ParseDuration(limit); err != nil {
			return 1, fmt.Errorf("E2E_PATIENCE: %w", err)
		}
	}
	return m.Run(), nil
}

// lockRoot takes a shared lock on the folder. provision.sh takes an exclusive lock, so it does
// not replace the folder while tests run.
func lockRoot() (*os.File, error) {
	lock, err := os.OpenFile(root+".lock", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_SH); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// removeStale removes the folders of killed runs, which are named by process id.
func removeStale(all string) {
	entries, err := os.ReadDir(all)
	if err != nil {
		return
	}
	for _, e := range entries {
		if _, err := os.Stat("/proc/" + e.Name()); errors.Is(err, fs.ErrNotExist) {
			os.RemoveAll(filepath.Join(all, e.Name()))
		}
	}
}

// program returns the path of a program of the repository: the one in the folder E2E_BIN, or
// one that it builds.
func program(name string) (string, error) {
	if folder := os.Getenv("E2E_BIN"); folder != "" {
		return filepath.Abs(filepath.Join(folder, name))
	}
	path := filepath.Join(runs, name)
	build := exec.Command("go", "build", "-o", path, "./cmd/"+name)
	build.Dir = repository
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return path, nil
}

// findTool finds or builds spectrum2-lua once.
var findTool = sync.OnceValues(func() (string, error) { return program("spectrum2-lua") })

// tool returns the path of spectrum2-lua.
func (b *bed) tool() string {
	b.t.Helper()
	path, err := findTool()
	if err != nil {
		b.t.Fatal(err)
	}
	return path
}
