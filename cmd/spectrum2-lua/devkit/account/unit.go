package account

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	systemd "github.com/coreos/go-systemd/v22/unit"
)

// unitName is the unit that starts Spectrum 2.
const unitName = "spectrum2.service"

// unitFolders are the folders where systemd looks for units, highest priority first.
var unitFolders = []string{"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"}

// unit holds the user of a service and the settings that limit its view of the file system.
type unit struct {
	path          string
	user, group   string
	supplementary []string
	dynamic       bool
	home          string // ProtectHome
	tmp           string // PrivateTmp
	system        string // ProtectSystem
	writable      []string
	own           []string // folders that systemd creates for the service and gives to its user
}

// debianUnit is the unit of Debian's package.
func debianUnit() *unit {
	u := &unit{}
	for _, o := range [][2]string{
		{"DynamicUser", "yes"}, {"User", DebianUser}, {"StateDirectory", "spectrum2"},
		{"RuntimeDirectory", "spectrum2"}, {"LogsDirectory", "spectrum2"}, {"ProtectHome", "tmpfs"},
	} {
		u.set(o[0], o[1])
	}
	return u.implied()
}

// loadUnit reads the unit and its drop-ins. It returns nil if no unit is installed.
func loadUnit(root string) (*unit, error) {
	u := &unit{}
	for _, folder := range unitFolders {
		path := filepath.Join(root, folder, unitName)
		if target, err := filepath.EvalSymlinks(path); err != nil || target == os.DevNull {
			continue // it is masked, or does not exist
		}
		u.path = path
		break
	}
	if u.path == "" {
		return nil, nil
	}
	paths := append([]string{u.path}, dropIns(root)...)
	for _, path := range paths {
		if err := u.read(path); err != nil {
			return nil, err
		}
	}
	return u.implied(), nil
}

// dropIns returns the unit's drop-ins in the order in which systemd reads them: by
// name, with only the first file of each name.
func dropIns(root string) []string {
	byName := map[string]string{}
	for _, folder := range unitFolders {
		all, _ := filepath.Glob(filepath.Join(root, folder, unitName+".d", "*.conf"))
		for _, path := range all {
			if name := filepath.Base(path); byName[name] == "" {
				byName[name] = path
			}
		}
	}
	var names, paths []string
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		paths = append(paths, byName[name])
	}
	return paths
}

func (u *unit) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil // a unit is readable unless the admin hides it
		}
		return fmt.Errorf("reading the unit of Spectrum 2: %w", err)
	}
	defer f.Close()
	options, err := systemd.DeserializeOptions(f)
	if err != nil {
		return fmt.Errorf("parsing %s: %w", path, err)
	}
	for _, o := range options {
		if o.Section == "Service" {
			value := strings.TrimSpace(strings.ReplaceAll(o.Value, "\\\n", " ")) // a backslash continues a line
			if u.set(o.Name, value) && o.Name == "User" {
				u.path = path
			}
		}
	}
	return nil
}

// set applies an option. It reports whether the option matters here.
func (u *unit) set(name, value string) bool {
	switch name {
	case "User":
		u.user = value
	case "Group":
		u.group = value
	case "SupplementaryGroups":
		u.supplementary = extended(u.supplementary, "", value)
	case "DynamicUser":
		u.dynamic = truth(value)
	case "ProtectHome":
		u.home = value
	case "PrivateTmp":
		u.tmp = value
	case "ProtectSystem":
		u.system = value
	case "ReadWritePaths", "ReadWriteDirectories":
		u.writable = extended(u.writable, "", value)
	case "StateDirectory":
		u.own = extended(u.own, "/var/lib/", value)
	case "CacheDirectory":
		u.own = extended(u.own, "/var/cache/", value)
	case "LogsDirectory":
		u.own = extended(u.own, "/var/log/", value)
	case "RuntimeDirectory":
		u.own = extended(u.own, "/run/", value)
	default:
		return false
	}
	return true
}

// extended adds words to a list. An empty value clears the list. A colon separates a
// folder from a link to it.
func extended(list []string, prefix, value string) []string {
	words := strings.Fields(value)
	if len(words) == 0 {
		return slices.DeleteFunc(list, func(s string) bool { return strings.HasPrefix(s, prefix) })
	}
	for _, word := range words {
		word, _, _ = strings.Cut(strings.TrimLeft(word, "-+"), ":")
		list = append(list, prefix+word)
	}
	return list
}

func truth(value string) bool {
	return slices.Contains([]string{"1", "yes", "y", "true", "t", "on"}, strings.ToLower(value))
}

// implied adds the settings that DynamicUser implies.
func (u *unit) implied() *unit {
	if u.dynamic {
		u.tmp = "yes"
		if u.system != "full" {
			u.system = "strict"
		}
		if u.home == "" || !truth(u.home) && u.home != "tmpfs" {
			u.home = "read-only"
		}
		for _, own := range u.own {
			if dir, name := filepath.Split(own); dir != "/run/" {
				u.own = append(u.own, dir+"private/"+name)
			}
		}
	}
	u.writable = append(u.writable, u.own...)
	return u
}

// hides returns the setting that hides a path from the service and the hidden folder,
// or "".
func (u *unit) hides(path string) (folder, setting string) {
	if u == nil {
		return "", ""
	}
	hidden := map[string][]string{}
	if truth(u.home) || u.home == "tmpfs" {
		hidden["ProtectHome"] = []string{"/home", "/root", "/run/user"}
	}
	if truth(u.tmp) || u.tmp == "disconnected" {
		hidden["PrivateTmp"] = []string{"/tmp", "/var/tmp"}
	}
	for setting, folders := range hidden {
		for _, folder := range folders {
			if below(path, folder) {
				return folder, setting
			}
		}
	}
	return "", ""
}

// protects returns the setting that denies the service to write to a path, or "".
func (u *unit) protects(path string) string {
	if u == nil || slices.ContainsFunc(u.writable, func(folder string) bool { return below(path, folder) }) {
		return ""
	}
	readOnly := map[string][]string{}
	if u.home == "read-only" {
		readOnly["ProtectHome"] = []string{"/home", "/root", "/run/user"}
	}
	switch {
	case u.system == "strict" && !below(path, "/dev") && !below(path, "/proc") && !below(path, "/sys"):
		return "ProtectSystem"
	case u.system == "full":
		readOnly["ProtectSystem"] = []string{"/usr", "/boot", "/efi", "/etc"}
	case truth(u.system):
		readOnly["ProtectSystem"] = []string{"/usr", "/boot", "/efi"}
	}
	for setting, folders := range readOnly {
		if slices.ContainsFunc(folders, func(folder string) bool { return below(path, folder) }) {
			return setting
		}
	}
	return ""
}

// owns reports whether a path is in a folder that systemd gives to the service's user
// at each start.
func (u *unit) owns(path string) (folder string, yes bool) {
	if u == nil {
		return "", false
	}
	for _, own := range u.own {
		if below(path, own) {
			return own, true
		}
	}
	return "", false
}

// below reports whether a path is a folder or below it.
func below(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}
