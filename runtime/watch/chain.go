package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is the maximum number of symbolic links in one name, as in Linux.
const maxLinks = 40

// chain is the way from a name to its file: every symbolic link, and then the file
// itself. Their paths contain no links themselves, because the system reports changes
// by the path that is watched.
type chain struct {
	names  []string
	folder string // the last folder, whose own appearance and removal matters too
	target string // the file; "" if it does not exist now
	err    error  // why the links cannot be followed
}

// follow follows an absolute name as far as possible.
func follow(name string) chain {
	var c chain
	at, rest := "/", strings.Split(strings.Trim(filepath.Clean(name), "/"), "/")
	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(next)
		switch {
		case err != nil:
			c.names, c.folder = append(c.names, next), at // it may be created later
			if !errors.Is(err, fs.ErrNotExist) {
				c.err = err
			}
			return c
		case info.Mode()&os.ModeSymlink == 0:
			at = next
			continue
		}
		c.names = append(c.names, next)
		if links++; links > maxLinks {
			return c
		}
		to, err := os.Readlink(next)
		if err != nil {
			return c
		}
		if filepath.IsAbs(to) {
			at = "/"
		}
		rest = append(strings.Split(strings.Trim(filepath.Clean(to), "/"), "/"), rest...)
	}
	c.target = at
	c.names, c.folder = append(c.names, at), filepath.Dir(at)
	return c
}
