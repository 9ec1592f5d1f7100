package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many symbolic links one name may lead by, as in Linux.
const maxLinks = 40

// chain is where a name leads: every symbolic link on the way, wherever in the
// path it stands, then the file itself. Each has the one path that leads to it
// without links, since the system tells of changes under one name only.
type chain struct {
	names  []string
	folder string // the last one, whose coming and going is good to know too
	target string // the file that the name stands for; "" if there is none just now
	err    error  // why nobody may know where it leads
}

// follow follows a name, which is absolute, as far as it leads.
func follow(name string) chain {
	var c chain
	at, rest := "/", strings.Split(strings.Trim(filepath.Clean(name), "/"), "/")
	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(next)
		switch {
		case err != nil:
			c.names, c.folder = append(c.names, next), at // it may come to be
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
