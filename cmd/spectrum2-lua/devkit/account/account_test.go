package account

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nobody is the name of a user who does not exist.
const nobody = "_no_such_user"

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func find(t *testing.T, o Options) *Account {
	t.Helper()
	a, err := Find(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestUnitNamesTheUser(t *testing.T) {
	const unit = "usr/lib/systemd/system/spectrum2.service"
	const dropIn = "etc/systemd/system/spectrum2.service.d/user.conf"
	for _, c := range []struct {
		name    string
		files   []string
		options Options
		want    string
		source  string
	}{
		{"no unit", nil, Options{}, DebianUser, "Debian's unit"},
		{"a unit", []string{unit, "[Unit]\nUser=x\n[Service]\nUser=" + nobody}, Options{}, nobody, unit},
		{"a unit in /etc replaces that of the package", []string{unit, "[Service]\nUser=a", "etc/systemd/system/spectrum2.service", "[Service]\nUser=b"}, Options{}, "b", "etc/systemd/system/spectrum2.service"},
		{"a drop-in", []string{unit, "[Service]\nUser=a", dropIn, "[Service]\n# no more\nUser=\\\n  b"}, Options{}, "b", dropIn},
		{"a unit without a user", []string{unit, "[Service]\nType=forking"}, Options{}, "root", unit},
		{"a unit without a user, and a config with one", []string{unit, "[Service]\nType=forking"}, Options{ConfigUser: "a", ConfigGroup: "b"}, "a", "[service] user"},
		{"a config without a group", []string{unit, "[Service]\nType=forking"}, Options{ConfigUser: "a"}, "root", unit},
		{"a unit goes before the config", []string{unit, "[Service]\nUser=b"}, Options{ConfigUser: "a", ConfigGroup: "b"}, "b", unit},
		{"--user goes before a unit", []string{unit, "[Service]\nUser=b"}, Options{User: "0"}, "root", "--user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Root = t.TempDir()
			for i := 0; i+1 < len(c.files); i += 2 {
				write(t, filepath.Join(c.options.Root, c.files[i]), c.files[i+1])
			}
			a := find(t, c.options)
			if a.Name != c.want || !strings.HasSuffix(a.Source, c.source) {
				t.Errorf("got %v, want %s (…%s)", a, c.want, c.source)
			}
		})
	}
	if _, err := Find(Options{User: nobody, Root: t.TempDir()}); err == nil || !strings.Contains(err.Error(), nobody) {
		t.Errorf("a user who does not exist: error %v", err)
	}
}

// plain returns an account without a unit.
func plain(uid uint32, known bool, groups ...uint32) *Account {
	a := &Account{Name: nobody, Source: "a test", uid: uid, known: known, groups: map[uint32]bool{}}
	for _, g := range groups {
		a.groups[g] = true
	}
	return a
}

const stranger = 4_000_000

// home returns a folder whose parents all users may enter.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if o := plain(stranger, true).Check(dir, Read|Execute); o != nil {
		t.Skipf("other users cannot enter %s", o.Path)
	}
	return dir
}

func TestCheckFindsWhatDeniesAccess(t *testing.T) {
	dir := home(t)
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	file := write(t, filepath.Join(dir, "etc/x.cfg"), "")
	folder := filepath.Dir(file)
	link := filepath.Join(dir, "link.cfg")
	if err := os.Symlink("etc/x.cfg", link); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	others, group, self := plain(0, false), plain(stranger, true, gid), plain(max(uid, 1), true)
	for _, c := range []struct {
		name         string
		file, folder os.FileMode
		account      *Account
		path         string
		want         Access
		denied       string // the path that denies access
	}{
		{"all users may read", 0o644, 0o755, others, file, Read, ""},
		{"only the owner may read", 0o600, 0o755, others, file, Read, file},
		{"only the group may read, and the user is not in it", 0o640, 0o755, others, file, Read, file},
		{"the group may read", 0o640, 0o750, group, file, Read, ""},
		{"others may read, but not the group", 0o604, 0o755, group, file, Read, file},
		{"a folder that cannot be entered", 0o644, 0o744, others, file, Read, folder},
		{"a folder that cannot be listed", 0o644, 0o711, others, file, Read, ""},
		{"a link", 0o600, 0o755, others, link, Read, file},
		{"a link into a folder that cannot be entered", 0o644, 0o700, others, link, Read, folder},
		{"a link to itself", 0o644, 0o755, others, loop, Read, ""},
		{"a file that cannot be written", 0o644, 0o755, others, file, Read | Write, file},
		{"a missing file", 0o644, 0o755, others, filepath.Join(folder, "no"), Read, ""},
		{"a program", 0o644, 0o755, others, file, Execute, file},
		{"root", 0o000, 0o000, plain(0, true), file, Read | Write, ""},
		{"a relative path", 0o000, 0o000, others, "x.cfg", Read, ""},
		{"the owner", 0o400, 0o700, self, file, Read, map[bool]string{true: folder}[uid == 0]},
	} {
		t.Run(c.name, func(t *testing.T) {
			for path, mode := range map[string]os.FileMode{file: c.file, folder: c.folder} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { _ = os.Chmod(folder, 0o755) }) //nolint:gosec // a folder of this test
			if uid != 0 && c.folder&0o100 == 0 && c.denied == file {
				t.Skip("only root sees behind this folder")
			}
			o := c.account.Check(c.path, c.want)
			switch {
			case o == nil && c.denied != "":
				t.Errorf("no path denies access, want %s", c.denied)
			case o != nil && o.Path != c.denied:
				t.Errorf("denied by %s, want %q", o.Path, c.denied)
			}
		})
	}
}

func TestNewFilesNeedAFolderToWriteTo(t *testing.T) {
	dir := home(t)
	own := filepath.Join(dir, "var/lib/spectrum2")
	for _, path := range []string{own, own + "/made", filepath.Join(dir, "srv")} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	service := plain(stranger, false)
	service.unit = &unit{system: "strict", own: []string{own}, writable: []string{own}}
	others := plain(stranger, true)
	for _, c := range []struct {
		name    string
		account *Account
		path    string
		want    string // a part of the explanation
	}{
		{"in the service's own folder", service, own + "/x/store.sqlite", ""},
		{"in a subfolder of the service's own folder", service, own + "/made/store.sqlite", ""},
		{"elsewhere", service, dir + "/srv/store.sqlite", "the folder is read-only for the service (ProtectSystem)"},
		{"without a unit", others, dir + "/srv/store.sqlite", "run `chown " + nobody + " " + dir + "/srv`"},
		{"in folders that do not exist", others, dir + "/srv/a/b/store.sqlite", "run `install -d -m 750 -o " + nobody + " " + dir + "/srv/a/b`"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := c.account.CheckNew(c.path)
			if o == nil != (c.want == "") {
				t.Fatalf("got %+v, want %q", o, c.want)
			}
			if o != nil && !strings.Contains(c.account.Explain(o, true), c.want) {
				t.Errorf("got %s\nwant %s", c.account.Explain(o, true), c.want)
			}
		})
	}
}

// TestFilesOfTheService checks files in a folder that systemd gives to a user who exists
// only while the service runs. Its files belong to the owner of the folder.
func TestFilesOfTheService(t *testing.T) {
	dir := home(t)
	file := write(t, dir+"/state/store.sqlite", "")
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	a := plain(0, false)
	a.unit = &unit{dynamic: true, own: []string{dir + "/state"}, writable: []string{dir + "/state"}}
	if o := a.CheckNew(file); o != nil {
		t.Errorf("the owner of the folder cannot read its file: %s", a.Explain(o, true))
	}
	if os.Getuid() != 0 {
		t.Skip("only root can change the owner of a folder")
	}
	if err := os.Chown(dir+"/state", stranger, stranger); err != nil {
		t.Fatal(err)
	}
	o := a.CheckNew(file)
	if o == nil || !strings.Contains(a.Explain(o, true), "run `chown --reference="+dir+"/state "+file+"`") {
		t.Errorf("a file of another owner: %+v", o)
	}
}

func TestUnitHidesAndProtects(t *testing.T) {
	debian := debianUnit()
	for path, want := range map[string]string{
		"/home/alice/x.lua": "ProtectHome", "/root/x": "ProtectHome", "/tmp/x": "PrivateTmp", "/var/tmp/x/y": "PrivateTmp",
		"/homes/x": "", "/etc/spectrum2/transports/x.cfg": "",
	} {
		if _, got := debian.hides(path); got != want {
			t.Errorf("%s: hidden by %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/srv/x": "ProtectSystem", "/etc/x": "ProtectSystem", "/var/lib/spectrum2/x/y": "", "/var/lib/private/spectrum2/y": "",
		"/var/log/spectrum2/x": "", "/var/lib/spectrum": "ProtectSystem",
	} {
		if got := debian.protects(path); got != want {
			t.Errorf("%s: protected by %q, want %q", path, got, want)
		}
	}
	open := &unit{home: "read-only", system: "full", writable: []string{"/etc/spectrum2"}}
	for path, want := range map[string]string{"/home/x": "ProtectHome", "/etc/x": "ProtectSystem", "/etc/spectrum2/x": "", "/srv/x": ""} {
		if got := open.protects(path); got != want {
			t.Errorf("%s: protected by %q, want %q", path, got, want)
		}
	}
}

func TestExplanationSaysWhatToRun(t *testing.T) {
	dir := home(t)
	file := write(t, dir+"/x.cfg", "")
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	a := plain(0, false)
	o := a.Check(file, Read)
	for secret, want := range map[bool]string{
		true:  "run `adduser --system --group --no-create-home --home /nonexistent " + nobody + "`, then `chgrp " + nobody + " " + file + "` and `chmod g+r " + file + "`",
		false: "run `chmod o+r " + file + "`",
	} {
		text := a.Explain(o, secret)
		if !strings.HasPrefix(text, "Spectrum's user "+nobody+" (a test) cannot read "+file+" (mode 0600, owner ") || !strings.HasSuffix(text, want) {
			t.Errorf("got %s\nwant %s", text, want)
		}
	}
	o = &Obstacle{Path: "/home/alice/x.lua", Setting: "ProtectHome", Folder: "/home", hidden: true, denied: Read}
	if got := a.Explain(o, false); !strings.HasSuffix(got, "cannot see /home/alice/x.lua: /home is empty for the service (ProtectHome); move it below /etc/spectrum2") {
		t.Error(got)
	}
}

func TestAccessControlListsCount(t *testing.T) {
	entry := func(tag, access uint16, id uint32) []byte {
		b := binary.LittleEndian.AppendUint16(nil, tag)
		b = binary.LittleEndian.AppendUint16(b, access)
		return binary.LittleEndian.AppendUint32(b, id)
	}
	data := []byte{2, 0, 0, 0}
	for _, e := range [][]byte{entry(1, 6, 0), entry(aclUser, 7, 100), entry(aclGroupObj, 0, 0), entry(aclGroup, 4, 200), entry(aclMask, 5, 0), entry(aclOther, 2, 0)} {
		data = append(data, e...)
	}
	list := parseACL(data)
	for _, c := range []struct {
		name   string
		uid    uint32
		groups map[uint32]bool
		want   Access
	}{
		{"a listed user, limited by the mask", 100, nil, 5},
		{"a listed group", 101, map[uint32]bool{200: true}, 4},
		{"the file's own group", 101, map[uint32]bool{50: true}, 0},
		{"both groups", 101, map[uint32]bool{50: true, 200: true}, 4},
		{"others", 101, nil, 2},
	} {
		if got := list.granted(c.uid, true, 50, c.groups); got != c.want {
			t.Errorf("%s: got %o, want %o", c.name, got, c.want)
		}
	}
}
