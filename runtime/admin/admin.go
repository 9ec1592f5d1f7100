// Package admin is the socket through which an admin looks into a running backend. Server
// is the side of the backend, Client the side of the tool.
//
// The socket is a Unix socket in the transport's working_dir. It speaks HTTP with JSON
// below /v1. A failed request has the status of HTTP that fits, and a body
// {"error": "…"}. A stream is a sequence of JSON values, one on each line.
//
// The package knows no Lua and no backend: the backend adds the routes.
package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Version is the version of the protocol. A path of a request begins with it. A change that
// clients of this version would not understand needs a new one.
const Version = 1

// Prefix is the beginning of the paths of Version.
const Prefix = "/v1"

// suffix ends the names of sockets.
const suffix = ".sock"

// draft follows the name of a socket that does not accept connections yet.
const draft = ".new"

// draftTime is how long a process may take between making its socket and accepting
// connections.
const draftTime = time.Minute

// Socket is the socket of a backend.
type Socket struct {
	Path string
	PID  int
}

// Path returns the path of the socket for a process and the JID of its transport. Transports
// may share a folder.
func Path(folder, jid string, pid int) string {
	return filepath.Join(folder, fmt.Sprintf("lua-%d-%s%s", pid, hash(jid), suffix))
}

// hash returns a short name for a JID. A JID itself may be too long for a path.
func hash(jid string) string {
	sum := sha256.Sum256([]byte(jid))
	return hex.EncodeToString(sum[:4])
}

// Find returns the sockets of the running backends of a transport, in the order of their
// process ids. It removes the sockets of processes that have ended, and those of processes
// that were killed while they started, as far as the caller may do that. The error is that of
// reading the folder; a folder that does not exist has no sockets.
func Find(folder, jid string) ([]Socket, error) {
	all, err := list(folder, jid)
	if err != nil {
		return nil, err
	}
	var alive []Socket
	for _, s := range all {
		begun := strings.HasSuffix(s.Path, draft)
		switch {
		case s.dead() && (!begun || s.olderThan(draftTime)):
			_ = os.Remove(s.Path)
		case !begun:
			alive = append(alive, s)
		}
	}
	return alive, nil
}

// list returns the sockets in a folder, including drafts.
func list(folder, jid string) ([]Socket, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var all []Socket
	for _, e := range entries {
		name, found := strings.CutSuffix(strings.TrimSuffix(e.Name(), draft), "-"+hash(jid)+suffix)
		number, prefixed := strings.CutPrefix(name, "lua-")
		pid, err := strconv.Atoi(number)
		if found && prefixed && err == nil && e.Type()&os.ModeSocket != 0 {
			all = append(all, Socket{Path: filepath.Join(folder, e.Name()), PID: pid})
		}
	}
	return all, nil
}

// dialTime limits how long connecting to a socket may take.
const dialTime = 2 * time.Second

// dead reports whether no process listens on the socket any more. The process id does not
// tell: it may be that of another process, or of another container.
func (s Socket) dead() bool {
	conn, err := dial(s.Path)
	if err != nil {
		return errors.Is(err, syscall.ECONNREFUSED)
	}
	_ = conn.Close()
	return false
}

// olderThan reports whether the socket was made longer ago.
func (s Socket) olderThan(age time.Duration) bool {
	info, err := os.Lstat(s.Path)
	return err == nil && time.Since(info.ModTime()) > age
}

// dial connects to a socket.
func dial(path string) (net.Conn, error) {
	var conn net.Conn
	err := short(path, func(path string) (err error) {
		conn, err = net.DialTimeout("unix", path, dialTime)
		return err
	})
	return conn, err
}

// maxPath is the length of a path that the system takes for a socket, without the zero byte.
const maxPath = 107

// short calls use with a path that is short enough for a socket.
func short(path string, use func(path string) error) error {
	if len(path) <= maxPath {
		return use(path)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(path)))
}
