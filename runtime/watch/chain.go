package watch

import (
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many symbolic links one name may lead by, as in Linux.
const maxLinks = 40

// chain is where a name leads: every symbolic link on the way, wherever in the
// path it stands, then the file itself, and the folders that both lie in.
type chain struct {
	names  []string
	target string // the file that the name stands for; "" if there is none just now
}

// follow follows a name, which is absolute, as far as it leads.
func follow(name string) chain {
	c := chain{names: []string{filepath.Clean(name)}}
	at, rest := "/", strings.Split(strings.Trim(filepath.Clean(name), "/"), "/")
	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(next)
		switch {
		case err != nil:
			c.names = append(c.names, next) // it may come to be
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
	c.names = append(c.names, at, filepath.Dir(at))
	return c
}
