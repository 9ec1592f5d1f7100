package account

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Access is a set of permissions for a file or folder.
type Access uint32

// The bits of Access, as in a file's mode.
const (
	Execute Access = 1 // for a folder: enter it
	Write   Access = 2
	Read    Access = 4
)

// Obstacle says why the account has no access.
type Obstacle struct {
	// Path is the file that denies access, or a folder above it.
	Path string
	// Setting is the setting of the unit that denies access, such as ProtectHome. It is ""
	// if the mode does.
	Setting string
	// Folder is the folder that Setting is about.
	Folder string
	// Dir reports whether Path is a folder.
	Dir bool
	// Missing is the folder that does not exist in Path, or "".
	Missing string

	hidden bool // Setting hides Folder; otherwise it is read-only
	denied Access
	info   fs.FileInfo
}

// Check returns why the account has no access to a file or folder, or nil. It follows
// symbolic links and checks each folder of the path. It returns nil for a path that
// does not exist or that this process cannot examine.
func (a *Account) Check(path string, want Access) *Obstacle {
	path = filepath.Clean(path)
	if !filepath.IsAbs(path) {
		return nil
	}
	if o := a.hidden(path, want); o != nil {
		return o
	}
	w := &walker{account: a, links: maxLinks}
	return w.walk("/", strings.TrimPrefix(path, "/"), want)
}

// CheckNew returns why the account cannot create or write a file, or nil. If the folder
// does not exist, the account must be able to create it.
func (a *Account) CheckNew(path string) *Obstacle {
	path = filepath.Clean(path)
	if o := a.hidden(path, Write); o != nil {
		return o
	}
	if setting := a.unit.protects(real(path)); setting != "" && a.unit.protects(path) != "" {
		return &Obstacle{Path: path, Setting: setting, Folder: filepath.Dir(path), denied: Write}
	}
	switch _, err := os.Stat(path); {
	case err == nil:
		if o := a.Check(path, Read|Write); o != nil {
			return o
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil
	}
	dir := filepath.Dir(path)
	for dir != "/" {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		dir = filepath.Dir(dir)
	}
	if _, own := a.unit.owns(real(path)); own && a.unit != nil && dir != filepath.Dir(path) {
		return nil // the backend creates the missing folders
	}
	o := a.Check(dir, Write|Execute)
	if o != nil && dir != filepath.Dir(path) {
		o.Missing = filepath.Dir(path)
	}
	return o
}

func (a *Account) hidden(path string, want Access) *Obstacle {
	for _, p := range []string{path, real(path)} {
		if folder, setting := a.unit.hides(p); setting != "" {
			return &Obstacle{Path: path, Setting: setting, Folder: folder, hidden: true, denied: want}
		}
	}
	return nil
}

// real follows the links of a path as far as the path exists.
func real(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	if dir := filepath.Dir(path); dir != path {
		return filepath.Join(real(dir), filepath.Base(path))
	}
	return path
}

// maxLinks is the number of links that Linux follows.
const maxLinks = 40

// walker checks a path component by component, as the kernel does.
type walker struct {
	account *Account
	links   int
}

// walk checks dir, which exists and is not a link, and then rest below it.
func (w *walker) walk(dir, rest string, want Access) *Obstacle {
	for {
		name, more, _ := strings.Cut(rest, "/")
		info, err := os.Stat(dir)
		if err != nil {
			return nil
		}
		if name == "" {
			return w.account.allows(dir, info, want)
		}
		if o := w.account.allows(dir, info, Execute); o != nil {
			return o
		}
		next := filepath.Join(dir, name)
		target, err := os.Readlink(next)
		switch {
		case err != nil:
			dir, rest = next, more
			continue
		case w.links == 0:
			return nil
		}
		w.links--
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		target = filepath.Join(target, more)
		dir, rest = "/", strings.TrimPrefix(target, "/")
	}
}

// allows returns an obstacle if a file denies access.
func (a *Account) allows(path string, info fs.FileInfo, want Access) *Obstacle {
	s := statOf(info)
	if s == nil || a.root() {
		return nil
	}
	uid, known := a.uid, a.known
	if folder, own := a.unit.owns(path); own {
		// systemd gives these to the user at the start. So the files of the folder's
		// present owner belong to that user. systemd enters "private" before the start.
		if top, err := os.Stat(folder); err == nil && path != folder {
			if t := statOf(top); t != nil {
				uid, known = t.Uid, true
			}
		} else {
			return nil
		}
	} else if a.aboveOwn(path) {
		return nil
	}
	granted := a.permissions(path, info, s, uid, known)
	if granted&want == want {
		return nil
	}
	return &Obstacle{Path: path, Dir: info.IsDir(), denied: want &^ granted, info: info}
}

// aboveOwn reports whether a path is the folder "private" above the service's own folders.
func (a *Account) aboveOwn(path string) bool {
	return a.unit != nil && a.unit.dynamic && (path == "/var/lib/private" || path == "/var/log/private" || path == "/var/cache/private")
}

// permissions returns the permissions of a user for a file. An access control list, if
// the file has one, goes before the mode.
func (a *Account) permissions(path string, info fs.FileInfo, s *syscall.Stat_t, uid uint32, known bool) Access {
	mode := Access(info.Mode().Perm())
	if known && s.Uid == uid {
		return mode >> 6 & 7
	}
	if list := accessList(path); list != nil {
		return list.granted(uid, known, s.Gid, a.groups)
	}
	if a.groups[s.Gid] {
		return mode >> 3 & 7
	}
	return mode & 7
}

func statOf(info fs.FileInfo) *syscall.Stat_t {
	s, _ := info.Sys().(*syscall.Stat_t)
	return s
}

// aclEntry is an entry of a POSIX access control list.
type aclEntry struct {
	tag    uint16
	access Access
	id     uint32
}

type acl []aclEntry

// Tags of entries, from linux/posix_acl.h.
const (
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclGroup    = 0x08
	aclMask     = 0x10
	aclOther    = 0x20
)

// accessList returns a file's access control list, or nil if the file has only a mode.
func accessList(path string) acl {
	buf := make([]byte, 4096)
	n, err := unix.Getxattr(path, "system.posix_acl_access", buf)
	if err != nil || n < 4 {
		return nil
	}
	return parseACL(buf[:n])
}

func parseACL(data []byte) acl {
	var list acl
	for rest := data[4:]; len(rest) >= 8; rest = rest[8:] {
		list = append(list, aclEntry{
			tag:    binary.LittleEndian.Uint16(rest),
			access: Access(binary.LittleEndian.Uint16(rest[2:])),
			id:     binary.LittleEndian.Uint32(rest[4:]),
		})
	}
	return list
}

// granted implements the algorithm of acl(5) for users other than the file's owner.
func (l acl) granted(uid uint32, known bool, gid uint32, groups map[uint32]bool) Access {
	mask, other := Access(7), Access(0)
	for _, e := range l {
		switch e.tag {
		case aclMask:
			mask = e.access
		case aclOther:
			other = e.access
		}
	}
	var byGroup Access
	member := false
	for _, e := range l {
		switch {
		case e.tag == aclUser && known && e.id == uid:
			return e.access & mask
		case e.tag == aclGroupObj && groups[gid], e.tag == aclGroup && groups[e.id]:
			member = true
			byGroup |= e.access
		}
	}
	if member {
		return byGroup & mask
	}
	return other
}

// Explain says why the account has no access and what the admin can do. If secret is
// true, the advice does not make the file readable for all users.
func (a *Account) Explain(o *Obstacle, secret bool) string {
	switch {
	case o.Setting != "" && o.hidden && o.denied&Write != 0:
		return fmt.Sprintf("what %s writes to %s is lost: the service sees another %s, which is deleted when it stops (%s); use a folder below /var/lib/spectrum2", a, o.Path, o.Folder, o.Setting)
	case o.Setting != "" && !o.hidden:
		return fmt.Sprintf("%s cannot write to %s: the folder is read-only for the service (%s); use a folder below /var/lib/spectrum2, or add ReadWritePaths=%s to the unit", a, o.Folder, o.Setting, o.Folder)
	case o.Setting != "":
		return fmt.Sprintf("%s cannot see %s: %s is empty for the service (%s); move it below /etc/spectrum2", a, o.Path, o.Folder, o.Setting)
	}
	state := fmt.Sprintf("(mode %04o, owner %s)", o.info.Mode().Perm(), owner(o.info))
	if o.Missing != "" && o.denied&Write != 0 {
		return fmt.Sprintf("%s does not exist, and %s cannot create it in %s %s: run `install -d -m 750 -o %s %s`", o.Missing, a, o.Path, state, a.Name, o.Missing)
	}
	text := fmt.Sprintf("%s cannot %s %s %s: run ", a, o.verb(), o.Path, state)
	bits := letters(o.denied)
	folder, own := a.unit.owns(o.Path)
	switch {
	case o.denied&Write != 0 && own: // the user exists only while the service runs
		return text + "`chown --reference=" + folder + " " + o.Path + "`"
	case o.denied&Write != 0:
		return text + "`chown " + a.Name + " " + o.Path + "`, or name another file that belongs to this user"
	case !secret:
		return text + "`chmod o+" + bits + " " + o.Path + "`"
	}
	if how := a.Make(); how != "" {
		text += "`" + how + "`, then "
	}
	return text + fmt.Sprintf("`chgrp %s %s` and `chmod g+%s %s`", a.Name, o.Path, bits, o.Path)
}

// verb returns the action that the account cannot do.
func (o *Obstacle) verb() string {
	switch {
	case o.Dir && o.denied&Write != 0:
		return "create files in"
	case o.Dir && o.denied&Execute != 0:
		return "enter"
	case o.denied == Read|Write:
		return "read and write"
	case o.denied == Write:
		return "write to"
	case o.denied == Execute:
		return "execute"
	}
	return "read"
}

// letters returns the permissions in the letters of chmod.
func letters(access Access) string {
	text := ""
	for _, l := range []struct {
		bit    Access
		letter string
	}{{Read, "r"}, {Write, "w"}, {Execute, "x"}} {
		if access&l.bit != 0 {
			text += l.letter
		}
	}
	return text
}
