// Package account finds the user that Spectrum 2 runs as on this machine, and checks
// what this user can read and write. It examines modes, owners and access control lists
// of files, and the folders that the service's unit hides or protects.
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

// DebianUser is the user in the unit of Debian's package.
const DebianUser = "_spectrum2"

// Account is the user that Spectrum 2 runs as.
type Account struct {
	// Name is the user's name.
	Name string
	// Source is where the name comes from, for people: for example the path of a unit.
	Source string
	// Installed is false if neither this machine nor Options names the account, which is
	// then that of Debian's package.
	Installed bool

	uid    uint32
	known  bool // the user exists; otherwise it owns no files
	groups map[uint32]bool
	unit   *unit // nil if no unit protects folders
}

// Options are the options of Find.
type Options struct {
	// User is the name or number of the user, or "" to look for it.
	User string
	// ConfigUser and ConfigGroup are [service] user and group of the transport.
	// Spectrum changes to them if its unit starts it as root.
	ConfigUser, ConfigGroup string
	// Root is the root folder of the file system; only tests set it.
	Root string
}

// Find returns the account that Spectrum 2 runs as. It is the first of: Options.User;
// User= of the unit spectrum2.service, except root; ConfigUser, if ConfigGroup is set;
// root, if the unit exists; the user of Debian's package. Find returns an error if
// Options.User does not exist or a unit cannot be parsed.
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
		return nil, fmt.Errorf("the user %q does not exist on this machine", o.User)
	}
	return a, nil
}

// resolve looks up the user's number and groups. It treats a user that systemd creates
// for the run of a service (DynamicUser) as unknown, because its number may differ at
// the next start.
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

// addMemberships adds the groups whose members include the user.
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

// root reports whether the account is root, which may access everything.
func (a *Account) root() bool { return a.known && a.uid == 0 }

// groupExists reports whether a group with the account's name exists, so that files
// can belong to it.
func (a *Account) groupExists() bool {
	_, err := user.LookupGroup(a.Name)
	return err == nil
}

// Make returns the command that creates the user, or "" if the user exists.
func (a *Account) Make() string {
	if a.known || a.groupExists() {
		return ""
	}
	return "adduser --system --group --no-create-home --home /nonexistent " + a.Name
}

// String returns the user's name and its source.
func (a *Account) String() string {
	return fmt.Sprintf("Spectrum's user %s (%s)", a.Name, a.Source)
}

// owner returns a file's owner and group, as ls prints them.
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
