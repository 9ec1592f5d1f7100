package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// staged writes the trees of the packages and returns their folder.
func staged(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("go.mod"); err != nil { // a second call is in the folder already
		t.Chdir(source)
	}
	files, err := layout(".", programsIn(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := stage(files, folder, "1.2.3", time.Unix(1_700_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestPackagesHaveTheirFiles(t *testing.T) {
	folder := staged(t)
	all := map[string][]string{}
	for _, name := range []string{toolPackage, backendPackage} {
		all[name] = tree(t, filepath.Join(folder, name))
	}
	for name, want := range map[string][]string{
		toolPackage: {"usr/bin/spectrum2-lua", "usr/lib/systemd/system/spectrum2-lua@.service", "usr/lib/sysusers.d/spectrum2-lua.conf",
			"usr/share/man/man1/spectrum2-lua.1.gz", "usr/share/spectrum2-lua/scripts/echo.lua", "usr/share/spectrum2-lua/examples/echo.cfg",
			"usr/share/doc/spectrum2-lua/copyright", "usr/share/doc/spectrum2-lua/changelog.gz"},
		backendPackage: {"usr/libexec/spectrum2_lua_backend", "usr/lib/systemd/system/spectrum2-lua-exporter.service",
			"usr/share/doc/spectrum2-backend-lua/copyright", "usr/share/doc/spectrum2-backend-lua/changelog.gz"},
	} {
		for _, file := range want {
			if !slices.Contains(all[name], file) {
				t.Errorf("%s lacks %s", name, file)
			}
		}
	}
	for _, file := range all[backendPackage] {
		if slices.Contains(all[toolPackage], file) && strings.Contains(filepath.Base(file), ".") {
			t.Errorf("both packages have %s", file)
		}
	}
}

// TestUnitsOfThePackagesHaveTheirUsers compares the units with what the packages promise: that
// of serve has a user of its own, and that of the exporter has Spectrum's.
func TestUnitsOfThePackagesHaveTheirUsers(t *testing.T) {
	folder := staged(t)
	for file, lines := range map[string][]string{
		toolPackage + "/usr/lib/systemd/system/spectrum2-lua@.service": {
			"ExecStart=/usr/bin/spectrum2-lua serve /etc/spectrum2-lua/%i.cfg", "User=_spectrum2-lua", "DynamicUser=no", "StateDirectory=spectrum2-lua"},
		backendPackage + "/usr/lib/systemd/system/spectrum2-lua-exporter.service": {
			"ExecStart=/usr/bin/spectrum2-lua exporter /etc/spectrum2/transports", "User=_spectrum2", "DynamicUser=yes", "StateDirectory=spectrum2"},
	} {
		unit, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !strings.Contains(string(unit), line+"\n") {
				t.Errorf("%s lacks %s", file, line)
			}
		}
		if strings.Contains(string(unit), "@NAME@") || strings.Contains(string(unit), "@CONFIGS@") {
			t.Errorf("%s has names that are not replaced", file)
		}
	}
}

// TestExporterIsAsConfinedAsServe compares the two units: what restricts one restricts the
// other.
func TestExporterIsAsConfinedAsServe(t *testing.T) {
	restrictions := func(file string) []string {
		text, err := os.ReadFile(filepath.Join(source, "cmd/spectrum2-lua/internal/install/system", file))
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(text), "\nCapabilityBoundingSet=")
		return strings.Split(after, "\n")
	}
	serve, exporter := restrictions("spectrum2-lua@.service"), restrictions("spectrum2-lua-exporter.service")
	if !slices.Equal(serve, exporter) || len(serve) < 20 {
		t.Errorf("the restrictions differ:\n%q\n%q", serve, exporter)
	}
}

func TestChangelogOfAPackageHasTheTimeOfTheCommit(t *testing.T) {
	file, err := os.Open(filepath.Join(staged(t), backendPackage, "usr/share/doc/spectrum2-backend-lua/changelog.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil || !strings.Contains(string(text), "  Tue, 14 Nov 2023 22:13:20 +0000\n") {
		t.Errorf("%s, %v", text, err)
	}
}

// TestTreesAreEqual stages twice.
func TestTreesAreEqual(t *testing.T) {
	one, two := staged(t), staged(t)
	names := tree(t, one)
	if !slices.Equal(names, tree(t, two)) {
		t.Fatal("the trees have different files")
	}
	for _, name := range names {
		a, errA := os.Stat(filepath.Join(one, name))
		b, errB := os.Stat(filepath.Join(two, name))
		if errA != nil || errB != nil || a.Mode() != b.Mode() || !a.ModTime().Equal(b.ModTime()) {
			t.Errorf("%s differs", name)
		}
		if a.IsDir() {
			continue
		}
		textA, _ := os.ReadFile(filepath.Join(one, name))
		textB, _ := os.ReadFile(filepath.Join(two, name))
		if string(textA) != string(textB) {
			t.Errorf("%s differs", name)
		}
	}
}
