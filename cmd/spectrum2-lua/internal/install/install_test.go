package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/unit"
)

const source = "../../../.."

// programs creates the folder bin, as a build does.
func programs(t *testing.T) string { return programsIn(t, source) }

// programsIn is like programs, for another path of the source.
func programsIn(t *testing.T, source string) string {
	t.Helper()
	bin := t.TempDir()
	for _, name := range []string{"spectrum2-lua", "spectrum2_lua_backend", "share/man/man1/spectrum2-lua.1", "share/man/man1/spectrum2_lua_backend.1"} {
		put(t, filepath.Join(bin, name), name)
	}
	top, err := filepath.Abs(source)
	if err != nil {
		t.Fatal(err)
	}
	name, err := filepath.Rel(top, bin)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func installed(t *testing.T) (*destination, []file) {
	t.Helper()
	files, err := layout(source, programs(t))
	if err != nil {
		t.Fatal(err)
	}
	d := &destination{root: filepath.Join(t.TempDir(), "root"), prefix: "/usr"}
	if err := d.install(files); err != nil {
		t.Fatal(err)
	}
	return d, files
}

// tree returns the paths of everything below a folder.
func tree(t *testing.T, root string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && path != root {
			names = append(names, strings.TrimPrefix(path, root+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var linkPattern = regexp.MustCompile(`\[[^\]]*\]\(([^)\s#]+)[^)\s]*\)`)

func TestLinksOfInstalledPagesLeadToFiles(t *testing.T) {
	d, _ := installed(t)
	links := 0
	for _, name := range tree(t, d.root) {
		if filepath.Ext(name) != ".md" {
			continue
		}
		path := d.path(name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range linkPattern.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(link[1], "://") || strings.HasPrefix(link[1], "mailto:") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(link[1]))); err != nil {
				t.Errorf("%s: the target of %s does not exist", name, link[0])
			}
		}
	}
	if links < 20 {
		t.Errorf("the pages have %d links, but more are expected", links)
	}
}

func TestExamplesFindTheirScripts(t *testing.T) {
	d, _ := installed(t)
	for _, name := range []string{data + "/examples/echo.cfg", data + "/examples/../scripts/echo.lua", docs + "/examples/hello.lua", docs + "/scripts/irc/text.lua"} {
		if _, err := os.Stat(d.path("usr/" + name)); err != nil {
			t.Error(err)
		}
	}
}

func TestTestFilesAndGoFilesAreNotInstalled(t *testing.T) {
	d, _ := installed(t)
	for _, name := range tree(t, d.root) {
		if strings.Contains(name, "testdata") || strings.Contains(name, "fuzz") || filepath.Ext(name) == ".go" {
			t.Errorf("%s is installed", name)
		}
	}
}

// TestUnitStartsTheInstalledProgram reads the unit as systemd does, and compares its command
// with the installed files and with the exit codes of the program.
func TestUnitStartsTheInstalledProgram(t *testing.T) {
	d, _ := installed(t)
	text, err := os.ReadFile(d.path("usr/lib/systemd/system/spectrum2-lua@.service"))
	if err != nil {
		t.Fatal(err)
	}
	sections, err := unit.DeserializeSections(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range sections {
		for _, e := range s.Entries {
			got[s.Section+" "+e.Name] = e.Value
		}
	}
	program, arguments, _ := strings.Cut(got["Service ExecStart"], " ")
	if _, err := os.Stat(d.path(program)); err != nil {
		t.Errorf("ExecStart: %v", err)
	}
	for name, want := range map[string]string{
		"Service Type": "notify-reload", "Service Restart": "on-failure", "Service RestartPreventExitStatus": "78",
		"Service User": "_spectrum2", "Service StateDirectory": "spectrum2", "Install WantedBy": "multi-user.target",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if arguments != "serve /etc/spectrum2/transports/%i.cfg" {
		t.Errorf("the arguments are %q", arguments)
	}
	if strings.Contains(string(text), "@PREFIX@") {
		t.Error("the unit has @PREFIX@")
	}
	if _, err := os.Stat(d.path("usr/lib/sysusers.d/spectrum2-lua.conf")); err != nil {
		t.Error(err)
	}
}

func TestUninstallRemovesAllInstalledFiles(t *testing.T) {
	d, _ := installed(t)
	if err := d.uninstall(); err != nil {
		t.Fatal(err)
	}
	if left := tree(t, d.root); len(left) > 0 {
		t.Errorf("after uninstall, these files are left: %q", left)
	}
	if err := d.uninstall(); err == nil || !strings.Contains(err.Error(), "nothing was installed there") {
		t.Errorf("second uninstall: %v", err)
	}
}

func TestUninstallKeepsFilesOfOthers(t *testing.T) {
	files, err := layout(source, programs(t))
	if err != nil {
		t.Fatal(err)
	}
	d := &destination{root: t.TempDir(), prefix: "/usr"}
	put(t, d.path("usr/bin/other"), "x")
	if err := os.MkdirAll(d.path("usr/share/man"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := d.install(files); err != nil {
		t.Fatal(err)
	}
	put(t, d.path("usr/share/spectrum2-lua/scripts/mine.lua"), "x")
	if err := d.uninstall(); err != nil {
		t.Fatal(err)
	}
	want := "usr usr/bin usr/bin/other usr/share usr/share/man usr/share/spectrum2-lua usr/share/spectrum2-lua/scripts usr/share/spectrum2-lua/scripts/mine.lua"
	if got := strings.Join(tree(t, d.root), " "); got != want {
		t.Errorf("after uninstall, these files are left:\n%s\nwant\n%s", got, want)
	}
}

func TestInstallRemovesFilesOfAnOlderVersion(t *testing.T) {
	d, files := installed(t)
	old := filepath.Join(t.TempDir(), "old.lua")
	put(t, old, "x")
	if err := d.install(append(files, file{to: data + "/old/old.lua", from: old, mode: 0o644})); err != nil {
		t.Fatal(err)
	}
	if err := d.install(files); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(d.path("usr/" + data + "/old/old.lua")); err == nil {
		t.Error("a file of the older version is still installed")
	}
	if err := d.uninstall(); err != nil {
		t.Fatal(err)
	}
	if left := tree(t, d.root); len(left) > 0 {
		t.Errorf("uninstall leaves %q", left)
	}
}

func TestUninstallRejectsPathsOutsideThePrefix(t *testing.T) {
	d := &destination{root: t.TempDir(), prefix: "/usr"}
	put(t, d.manifest(), "../../etc/passwd\n")
	if err := d.uninstall(); err == nil {
		t.Error("uninstall accepts a path outside the prefix")
	}
}
