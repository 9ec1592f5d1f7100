// Package account says as which user Spectrum 2 runs on this machine, and what
// that user may read and write. It looks at files' modes, owners and access
// control lists, and at the folders that the service's unit hides or protects.
package account

import (
	"bufio"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// DebianUser is the user that Debian's unit names.
const DebianUser = "_spectrum2"

// Account is the user that Spectrum 2 runs as.
type Account struct {
	// Name is the user's name.
	Name string
	// Source says where the name comes from, for people: the path of a unit, for
	// example.
	Source string
	// Installed reports whether the account is known to be the one on this
	// machine. If not, it is the one that Debian's package uses.
	Installed bool

	uid    uint32
	known  bool // the user exists; otherwise files are those of others
	groups map[uint32]bool
	unit   *unit // nil: no unit protects anything
}

// Options say how to find the account.
type Options struct {
	// User is the name or number of the user, if it is known.
	User string
	// ConfigUser and ConfigGroup are [service] user and group of the transport,
	// which Spectrum changes to if its unit starts it as root.
	ConfigUser, ConfigGroup string
	// Root is the folder that stands for /, in tests.
	Root string
}

// Find finds the account that Spectrum 2 runs as: Options.User, or else User= of
// the unit spectrum2.service, or else the config's, or else that of Debian's
// package. It returns an error if Options.User does not exist or a unit cannot be
// parsed.
func Find(o Options) (*Account, error) {
	u, err := loadUnit(cmp.Or(o.Root, "/"))
	if err != nil {
		return nil, err
	}
	configured := o.ConfigUser != "" && o.ConfigGroup != ""
	a := &Account{Installed: true, unit: u, groups: map[uint32]bool{}}
	group := ""
	switch {
	case o.User != "":
		a.Name, a.Source = o.User, "--user"
	case u != nil && u.user != "" && u.user != "root":
		a.Name, a.Source, group = u.user, "User= in "+u.path, u.group
	case configured:
		a.Name, a.Source, group = o.ConfigUser, "[service] user", o.ConfigGroup
	case u != nil:
		a.Name, a.Source = "root", u.path
	default:
		a.Name, a.Source, a.Installed = DebianUser, "Debian's unit", false
		a.unit = debianUnit()
	}
	a.resolve(cmp.Or(o.Root, "/"), group)
	if o.User != "" && !a.known {
		return nil, fmt.Errorf("there is no user %q on this machine", o.User)
	}
	return a, nil
}

// resolve looks up the user's number and groups. A user that systemd makes for as
// long as the service runs (DynamicUser) counts as unknown: its number may be
// another at the next start.
func (a *Account) resolve(root, group string) {
	found, err := user.Lookup(a.Name)
	if err != nil {
		found, err = user.LookupId(a.Name)
	}
	if n, numeric := strconv.ParseUint(a.Name, 10, 32); err != nil && numeric == nil {
		found, err = &user.User{Uid: a.Name}, nil
		a.uid = uint32(n)
	}
	if err == nil {
		a.known = true
		a.uid = number(found.Uid, 0)
		if found.Gid != "" {
			a.groups[number(found.Gid, 0)] = true
		}
		if found.Username != "" {
			a.Name = found.Username
			a.addMemberships(filepath.Join(root, "etc/group"))
		}
	}
	names := []string{cmp.Or(group, a.Name)}
	if a.unit != nil {
		names = append(names, a.unit.supplementary...)
	}
	for _, name := range names {
		if g, err := user.LookupGroup(name); err == nil {
			a.groups[number(g.Gid, 0)] = true
		} else if n, err := strconv.ParseUint(name, 10, 32); err == nil {
			a.groups[uint32(n)] = true
		}
	}
}

// addMemberships adds the groups that list the user.
func (a *Account) addMemberships(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) == 4 && slices.Contains(strings.Split(fields[3], ","), a.Name) {
			if n, err := strconv.ParseUint(fields[2], 10, 32); err == nil {
				a.groups[uint32(n)] = true
			}
		}
	}
}

func number(text string, otherwise uint32) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return otherwise
	}
	return uint32(n)
}

// root reports whether nothing is denied to the account.
func (a *Account) root() bool { return a.known && a.uid == 0 }

// groupExists reports whether the account's own group exists, so that files can
// be given to it.
func (a *Account) groupExists() bool {
	_, err := user.LookupGroup(a.Name)
	return err == nil
}

// Make says how to make the user, or "" if the user exists.
func (a *Account) Make() string {
	if a.known || a.groupExists() {
		return ""
	}
	return "adduser --system --group --no-create-home --home /nonexistent " + a.Name
}

// String names the account for people: its user and where that comes from.
func (a *Account) String() string {
	return fmt.Sprintf("Spectrum's user %s (%s)", a.Name, a.Source)
}

// owner names who a file belongs to, as ls does.
func owner(info fs.FileInfo) string {
	s := statOf(info)
	if s == nil {
		return "?"
	}
	name, group := strconv.FormatUint(uint64(s.Uid), 10), strconv.FormatUint(uint64(s.Gid), 10)
	if u, err := user.LookupId(name); err == nil {
		name = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return name + ":" + group
}
