//go:build e2e && packages

package e2e_test

import (
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// architectures are those of the packages, by their names in Debian.
var architectures = map[string]struct {
	rpm     string
	machine elf.Machine
}{
	"amd64": {"x86_64", elf.EM_X86_64},
	"arm64": {"aarch64", elf.EM_AARCH64},
}

// packagePrograms are the programs in the packages. Everything else is the same for all
// architectures.
var packagePrograms = map[string]string{
	"spectrum2-lua": "/usr/bin/spectrum2-lua", "spectrum2-backend-lua": "/usr/libexec/spectrum2_lua_backend",
}

// inStable runs a line of a shell in the stable Debian, in a folder with copies of files. Its
// root is a mount, as programs for containers need it.
func inStable(t *testing.T, line string, files ...string) (string, error) {
	t.Helper()
	const script = `root=$0 line=$1; shift
		mount --bind "$root" "$root" && mount -t tmpfs tmpfs "$root/tmp" && mount -t proc proc "$root/proc" && cp "$@" "$root/tmp/" &&
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 sh -c "cd /tmp && $line"`
	arg := append([]string{"--mount", "bash", "-c", script, stable(t), line}, files...)
	out, err := exec.CommandContext(t.Context(), "unshare", arg...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// needs skips a test without a program in the stable Debian.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(stable(t), "usr/bin", program)); err != nil {
		t.Skipf("NOT TESTED: the Debian archive did not provide %s", program)
	}
}

// onePackage returns the path of the only package that matches.
func onePackage(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("E2E_PACKAGES"), pattern))
	if err != nil || len(files) != 1 {
		t.Fatalf("E2E_PACKAGES=%s: %q, %v; want one package %s", os.Getenv("E2E_PACKAGES"), files, err, pattern)
	}
	return files[0]
}

// debTree unpacks a package for Debian and returns the folder.
func debTree(t *testing.T, name string) string {
	t.Helper()
	tree := filepath.Join(t.TempDir(), "tree")
	if out, err := exec.Command("dpkg-deb", "-R", name, tree).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v\n%s", err, out)
	}
	return tree
}

// contents returns a line for each file of an unpacked package, by its path: the type and
// permissions and the hash.
func contents(t *testing.T, tree string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, tree)
		switch {
		case err != nil:
			return err
		case name == "/DEBIAN":
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		info, err := d.Info()
		if err == nil {
			all[name] = fmt.Sprintf("%v %x", info.Mode(), sha256.Sum256(read(t, path)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// same compares two packages and names the files that differ.
func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	names := maps.Clone(got)
	maps.Copy(names, want)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if got[name] != want[name] {
			t.Errorf("%s: %s: %q instead of %q", what, name, got[name], want[name])
		}
	}
}

// TestPackagesContents compares the packages of all architectures and formats with each
// other, and checks their programs.
func TestPackagesContents(t *testing.T) {
	t.Parallel()
	for name, program := range packagePrograms {
		t.Run(name, func(t *testing.T) {
			first := debTree(t, onePackage(t, name+"_*_amd64.deb"))
			want := contents(t, first)
			delete(want, program)
			for arch, a := range architectures {
				deb := onePackage(t, name+"_*_"+arch+".deb")
				tree := debTree(t, deb)
				isStatic(t, filepath.Join(tree, program))
				if f, err := elf.Open(filepath.Join(tree, program)); err != nil || f.Machine != a.machine {
					t.Errorf("%s: the program is for %v, %v", arch, f.Machine, err)
				}
				got := contents(t, tree)
				rpm := maps.Clone(got)
				delete(got, program)
				same(t, arch, got, want)
				for _, file := range []string{"postinst", "prerm", "postrm", "conffiles"} {
					one, _ := os.ReadFile(filepath.Join(first, "DEBIAN", file))
					if other, _ := os.ReadFile(filepath.Join(tree, "DEBIAN", file)); string(one) != string(other) {
						t.Errorf("%s: %s differs", arch, file)
					}
				}
				if got := field(t, deb, "Architecture"); got != arch {
					t.Errorf("%s has the architecture %s", deb, got)
				}
				for _, f := range []string{"Version", "Depends", "Recommends", "Maintainer", "Description"} {
					if got, want := field(t, deb, f), field(t, onePackage(t, name+"_*_amd64.deb"), f); got != want {
						t.Errorf("%s: %s is %q instead of %q", arch, f, got, want)
					}
				}
				t.Run("rpm "+arch, func(t *testing.T) { sameAsRPM(t, name, arch, tree, rpm) })
			}
		})
	}
}

// sameAsRPM compares a package for RPM with the same one for Debian: its tree, and its files.
func sameAsRPM(t *testing.T, name, arch, tree string, want map[string]string) {
	t.Helper()
	needs(t, "rpm")
	file := onePackage(t, name+"-[0-9]*."+architectures[arch].rpm+".rpm")
	query := func(format string) string {
		t.Helper()
		out, err := inStable(t, "rpm --query --package --nosignature --queryformat '"+format+"' *.rpm", file)
		if err != nil {
			t.Fatalf("rpm: %v\n%s", err, out)
		}
		return out
	}
	maps.DeleteFunc(want, func(path, _ string) bool { return strings.HasPrefix(path, "/usr/share/lintian/") })
	got := map[string]string{}
	for line := range strings.Lines(query(`[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEDIGESTS} %{FILENAMES}\n]`)) {
		fields := strings.Fields(line)
		if fields[1] != "root:root" {
			t.Errorf("%s belongs to %s", fields[len(fields)-1], fields[1])
		}
		if len(fields) == 4 { // a folder has no digest
			got[fields[3]] = fields[0] + " " + fields[2]
		}
	}
	same(t, "rpm", got, want)

	conffiles, _ := os.ReadFile(filepath.Join(tree, "DEBIAN", "conffiles"))
	if got := query(`[%{FILENAMES} %{FILEFLAGS:fflags}\n]`); configsOf(got) != strings.TrimSpace(string(conffiles)) {
		t.Errorf("the configs that an upgrade keeps are %q, not %q", configsOf(got), conffiles)
	}
	for tag, script := range map[string]string{"POSTIN": "postinst", "PREUN": "prerm", "POSTUN": "postrm"} {
		text, err := os.ReadFile(filepath.Join(tree, "DEBIAN", script))
		want := strings.TrimSpace(string(text))
		if err != nil {
			want = "(none)"
		}
		if got := query("%{" + tag + "}"); got != want {
			t.Errorf("%s is not %s:\n%s", tag, script, got)
		}
	}
	deb := onePackage(t, name+"_*_"+arch+".deb")
	summary, _, _ := strings.Cut(field(t, deb, "Description"), "\n")
	version := field(t, deb, "Version")
	for format, want := range map[string]string{
		"%{NAME}": name, "%{ARCH}": architectures[arch].rpm, "%{OS}": "linux", "%{LICENSE}": "MIT", "%{BUILDHOST}": "localhost",
		"%{SUMMARY}": summary, "%{VERSION}": version,
		`[%{REQUIRENEVRS}\n]`: map[string]string{"spectrum2-lua": "/bin/sh", "spectrum2-backend-lua": "/bin/sh\nspectrum2-lua = " + version}[name],
	} {
		if got := query(format); got != want {
			t.Errorf("%s is %q, not %q", format, got, want)
		}
	}
}

// configsOf returns the paths of the files that have the flags c (config) and n (noreplace).
func configsOf(files string) string {
	var all []string
	for line := range strings.Lines(files) {
		if name, flags, _ := strings.Cut(strings.TrimSpace(line), " "); strings.Contains(flags, "c") && strings.Contains(flags, "n") {
			all = append(all, name)
		}
	}
	return strings.Join(all, "\n")
}

// TestPackagesRunOnARM64 runs the programs for arm64 with an emulator of the processor: a
// script, and SQLite.
func TestPackagesRunOnARM64(t *testing.T) {
	t.Parallel()
	needs(t, "qemu-aarch64")
	const line = `for package in *.deb; do dpkg-deb -x $package . || exit; done
		printf '%s\n' '[service]' 'jid = echo.localhost' 'password = SECRET' 'server = 127.0.0.1' 'port = 1' \
			'working_dir = /tmp/state' '[lua]' 'script = /tmp/usr/share/spectrum2-lua/scripts/echo.lua' >echo.cfg
		qemu-aarch64 usr/libexec/spectrum2_lua_backend --version
		qemu-aarch64 usr/bin/spectrum2-lua version
		qemu-aarch64 usr/bin/spectrum2-lua test usr/share/spectrum2-lua/scripts/echo_test.lua
		qemu-aarch64 usr/bin/spectrum2-lua serve --check echo.cfg`
	out, _ := inStable(t, line, debs(t, "arm64")...) // the check fails without an XMPP server
	for _, want := range []string{
		"spectrum2_lua_backend ", "linux/arm64)", " passed, 0 failed",
		"ok   database  /tmp/state/database.sql: registered users: 0", "ok   script    /tmp/usr/share/spectrum2-lua/scripts/echo.lua",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the programs do not print %q:\n%s", want, out)
		}
	}
}
