// Package claim keeps two processes on one machine from serving the same JID at the same
// XMPP server: two gateways, or a gateway and Spectrum 2. For processes on several
// machines, the XMPP server decides which of them it accepts.
package claim

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
)

// LockFile is the name of the lock file in [service] working_dir.
const LockFile = "spectrum2-lua-serve.lock"

// TakenError means that another process serves the JID.
type TakenError struct {
	JID string
	// Process describes the other process: its program, its process id and its config
	// file, as far as they are known.
	Process string
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("%s is already served by %s; stop that process first", e.JID, e.Process)
}

// FolderError means that another transport uses [service] working_dir. Its store, its files
// and, by default, its users are there, so transports cannot share it.
type FolderError struct {
	Folder string
	// JID is that of the other transport, or "" if it is unknown. Then the other transport may
	// have the same JID.
	JID string
	// Process describes the other process as in a TakenError.
	Process string
}

func (e *FolderError) Error() string {
	return fmt.Sprintf("[service] working_dir %s is in use by %s; give each transport a folder of its own", e.Folder, e.Process)
}

// Claim is the right to serve a JID. It ends with the process, even if that is killed.
type Claim struct {
	file    *os.File
	sockets []io.Closer // empty where the system has no such sockets
}

// Take claims the JID of a config for this process. It returns a *TakenError if another
// process serves it, a *FolderError if another transport uses the folder, and another error if
// the lock file cannot be used.
func Take(c *config.Config) (*Claim, error) {
	id := identify(c)
	sockets, err := takeSockets(id)
	if err != nil {
		return nil, err
	}
	claim := &Claim{sockets: sockets}
	if claim.file, err = takeFile(c, id); err != nil {
		claim.Release()
		return nil, err
	}
	if process := findSpectrum(c, id); process != "" {
		claim.Release()
		return nil, &TakenError{JID: id.jid, Process: process}
	}
	return claim, nil
}

// Release gives up the claim. It is idempotent.
func (c *Claim) Release() {
	if c.file != nil {
		_ = c.file.Truncate(0)
		_ = c.file.Close() // releases the lock
		c.file = nil
	}
	closeAll(c.sockets)
	c.sockets = nil
}

func closeAll(sockets []io.Closer) {
	for _, s := range sockets {
		_ = s.Close()
	}
}

// takeFile locks the lock file. Another process that serves the JID holds it if the processes
// share only the folder: containers, and machines with a network file system that supports
// locks.
func takeFile(c *config.Config, id identity) (*os.File, error) {
	path := filepath.Join(c.WorkingDir(), LockFile)
	f, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, folderAdvice(err))
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		defer f.Close()
		return nil, lockedBy(f, c, id)
	case err != nil:
		_ = f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	host, _ := os.Hostname()
	_ = f.Truncate(0)
	if _, err := fmt.Fprintf(f, "%s%s, pid %d on %s, config %s\n", holder, id.jid, os.Getpid(), host, c.Path()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// holder is in front of the JID in a lock file.
const holder = "spectrum2-lua serve for "

// lockedBy returns the error for a lock file that another transport holds. Processes of
// earlier versions do not write their JID.
func lockedBy(f *os.File, c *config.Config, id identity) error {
	text, _ := io.ReadAll(io.LimitReader(f, 4096))
	process := strings.ToValidUTF8(strings.TrimSpace(string(text)), "?")
	jid, known := strings.CutPrefix(process, holder)
	if jid, _, _ = strings.Cut(jid, ", "); known && jid == id.jid {
		return &TakenError{JID: id.jid, Process: process}
	}
	if !known {
		jid = ""
	}
	return &FolderError{Folder: c.WorkingDir(), JID: jid, Process: cmp.Or(process, "another process, which holds the lock of "+f.Name())}
}

// folderAdvice says what to do if the lock file cannot be opened.
func folderAdvice(err error) string {
	if errors.Is(err, os.ErrPermission) {
		return "start this program as the user that owns the folder, such as root, or set [service] working_dir to a folder of your own"
	}
	return "[service] working_dir says where this file is"
}

func openFile(path string) (*os.File, error) {
	if err := database.MakeFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if !errors.Is(err, os.ErrNotExist) {
		return f, err
	}
	if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	if err := database.LikeFolder(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
