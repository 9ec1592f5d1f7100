package files

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/sirupsen/logrus"
)

// runDir is the folder with a lock and a socket for each process.
const runDir = "run"

const (
	lockEnd   = ".lock"
	socketEnd = ".sock"
)

// instance is this process among those that use a folder.
type instance struct {
	dir  string
	id   string
	lock *os.File
	// folder is open because the path of a Unix socket has at most 107 bytes.
	folder *os.File
}

func newInstance(dir string) (*instance, error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	i := &instance{dir: dir, id: hex.EncodeToString(random[:])}
	var err error
	if i.folder, err = os.Open(dir); err != nil {
		return nil, err
	}
	// The lock gets its name when it is locked, so that others never see it unlocked.
	begun := i.path(i.id, ".new")
	if i.lock, err = os.OpenFile(begun, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err == nil {
		if err = syscall.Flock(int(i.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			err = os.Rename(begun, i.path(i.id, lockEnd))
		}
	}
	if err != nil {
		return nil, errors.Join(err, i.close())
	}
	return i, nil
}

func (i *instance) path(id, end string) string { return filepath.Join(i.dir, id+end) }

// socket returns the path of a process's socket for the system.
func (i *instance) socket(id string) string {
	path := i.path(id, socketEnd)
	if len(path) > 100 {
		return fmt.Sprintf("/proc/self/fd/%d/%s%s", i.folder.Fd(), id, socketEnd)
	}
	return path
}

// listen listens for requests of other processes.
func (i *instance) listen() (net.Listener, error) {
	ln, err := net.Listen("unix", i.socket(i.id))
	if err != nil {
		return nil, err
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false) // close removes it
	return ln, nil
}

func (i *instance) close() error {
	_ = os.Remove(i.path(i.id, socketEnd))
	var err error
	if i.lock != nil {
		_ = os.Remove(i.path(i.id, lockEnd))
		err = i.lock.Close()
	}
	return errors.Join(err, i.folder.Close())
}

// alive reports whether another process lives, and removes what a dead one has left.
func (i *instance) alive(id string) bool {
	if id == i.id {
		return true
	}
	path := i.path(id, lockEnd)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		defer f.Close()
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true
	}
	_ = os.Remove(i.path(id, socketEnd))
	_ = os.Remove(path)
	return false
}

// peers returns the ids of the other processes that live.
func (i *instance) peers() (ids []string) {
	names, err := os.ReadDir(i.dir)
	if err != nil {
		return nil
	}
	for _, entry := range names {
		id, isLock := strings.CutSuffix(entry.Name(), lockEnd)
		if !isLock {
			id, _ = strings.CutSuffix(entry.Name(), socketEnd)
		}
		if id != i.id && i.alive(id) && isLock {
			ids = append(ids, id)
		}
	}
	return ids
}

func (i *instance) hasPeers() bool { return len(i.peers()) > 0 }

// transport returns the way to a process's functions.
func (i *instance) transport(id string) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", i.socket(id))
		},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// proxy lets another process answer a request for one of its functions.
func (i *instance) proxy(id string, w http.ResponseWriter, r *http.Request, to logrus.FieldLogger, fail func(status int)) {
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: "peer"})
		},
		Transport:     i.transport(id),
		FlushInterval: -1,
		ErrorLog:      quiet(to),
		ErrorHandler:  func(_ http.ResponseWriter, _ *http.Request, err error) { fail(http.StatusBadGateway) },
	}
	proxy.ServeHTTP(w, r)
}
