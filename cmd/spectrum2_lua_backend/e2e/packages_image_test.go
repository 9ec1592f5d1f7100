//go:build e2e && packages

package e2e_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// lastStage returns the Containerfile with another first stage, which has the files that
// `make image` has written instead of running it.
func lastStage(t *testing.T) string {
	t.Helper()
	text := repositoryFile(t, "Containerfile")
	first, last, ok := strings.Cut(text, "\nFROM scratch\n")
	if !ok || !strings.Contains(first, " AS build\n") || !strings.HasSuffix(first, "\nRUN make image GOARCH=$TARGETARCH\n") {
		t.Fatalf("the Containerfile is\n%s\nwant a first stage with `make image`, and one from scratch", text)
	}
	return "FROM scratch AS build\nCOPY bin/ /src/bin/\nFROM scratch\n" + last
}

// imageTest builds the last stage with Debian's buildah, prints its settings, and runs the
// program in it as its user.
const imageTest = `set -e
mkdir context
tar -xf image.tar -C context
mv Containerfile context/
buildah() { command buildah --root /tmp/root --runroot /tmp/run --storage-driver vfs "$@"; }
buildah bud --isolation chroot --tag image context
buildah inspect --type image --format "user {{.OCIv1.Config.User}} entry {{.OCIv1.Config.Entrypoint}} command {{.OCIv1.Config.Cmd}}" image
container=$(buildah from image)
dir=$(buildah mount "$container")
install -m 644 transport.cfg "$dir/etc/spectrum2-lua/"
head -n 1 "$dir/etc/ssl/certs/ca-certificates.crt"
chroot --userspec=65532:65532 "$dir" /usr/bin/spectrum2-lua serve --check /etc/spectrum2-lua/transport.cfg
`

// TestPackagesImage builds the image from the files of `make image`, and runs the program in
// it as the user of the image.
func TestPackagesImage(t *testing.T) {
	t.Parallel()
	needs(t, "buildah")
	image := os.Getenv("E2E_IMAGE")
	isStatic(t, filepath.Join(image, "usr/bin/spectrum2-lua"))
	dir := t.TempDir()
	for name, content := range map[string]string{
		"Containerfile": lastStage(t),
		"transport.cfg": "[service]\njid = echo.localhost\npassword = SECRET\nserver = 127.0.0.1\nport = 1\nworking_dir = /var/lib/spectrum2-lua/$jid\n" +
			"[lua]\nscript = /usr/share/spectrum2-lua/scripts/echo.lua\n",
		"image.sh": imageTest,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tar := exec.Command("tar", "-cf", filepath.Join(dir, "image.tar"), "--transform", "s,^,bin/,", filepath.Base(image), filepath.Base(image)+".data")
	tar.Dir = filepath.Dir(image)
	if out, err := tar.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := inStable(t, "bash image.sh 2>&1", files...)
	for _, want := range []string{
		"user 65532:65532 entry [/usr/bin/spectrum2-lua] command [serve /etc/spectrum2-lua/transport.cfg]",
		"-----BEGIN CERTIFICATE-----",
		"ok   config    /etc/spectrum2-lua/transport.cfg: echo.localhost",
		"ok   database  /var/lib/spectrum2-lua/echo.localhost/database.sql: registered users: 0",
		"ok   script    /usr/share/spectrum2-lua/scripts/echo.lua",
		"FAIL server    ", // no XMPP server listens on port 1
	} {
		if !strings.Contains(out, want) {
			t.Fatalf("the image (%v) does not print %q:\n%s", err, want, out)
		}
	}
}

// isStatic fails the test if a program needs a library or an interpreter.
func isStatic(t *testing.T, name string) {
	t.Helper()
	f, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if err != nil || len(libraries) > 0 {
		t.Errorf("%s needs %q, %v", name, libraries, err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Errorf("%s needs an interpreter", name)
		}
	}
}
