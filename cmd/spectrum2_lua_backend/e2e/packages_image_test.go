//go:build e2e && packages

package e2e_test

import (
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// instructions returns the instructions of the last stage of the Containerfile, and those
// before it.
func instructions(t *testing.T) (before, last [][]string) {
	t.Helper()
	text := strings.ReplaceAll(repositoryFile(t, "Containerfile"), "\\\n", "")
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if words[0] == "FROM" {
			before, last = append(before, last...), nil
		}
		last = append(last, words)
	}
	return before, last
}

// TestPackagesImage builds the tree of the image as the Containerfile says, from the files of
// `make image`, and runs the program in it as the user of the image.
func TestPackagesImage(t *testing.T) {
	t.Parallel()
	before, last := instructions(t)
	if !slices.ContainsFunc(before, func(words []string) bool { return strings.Join(words, " ") == "RUN make image GOARCH=$TARGETARCH" }) {
		t.Errorf("the first stage does not run `make image`: %q", before)
	}
	if got := strings.Join(last[0], " "); got != "FROM scratch" {
		t.Errorf("the last stage begins with %q", got)
	}
	dir := t.TempDir()
	var entry, user []string
	for _, words := range last[1:] {
		switch argument := strings.Join(words[1:], " "); words[0] {
		case "COPY":
			copyIntoImage(t, dir, words[1:])
		case "ENTRYPOINT":
			if err := json.Unmarshal([]byte(argument), &entry); err != nil {
				t.Errorf("%s: %v", argument, err)
			}
		case "USER":
			user = strings.Split(argument, ":")
		}
	}
	if !slices.Equal(user, []string{"65532", "65532"}) || len(entry) != 1 {
		t.Fatalf("user %q, entry point %q", user, entry)
	}
	isStatic(t, filepath.Join(dir, entry[0]))

	config := "[service]\njid = echo.localhost\npassword = SECRET\nserver = 127.0.0.1\nport = 1\nworking_dir = /var/lib/spectrum2-lua/$jid\n" +
		"[lua]\nscript = /usr/share/spectrum2-lua/scripts/echo.lua\n"
	if err := os.WriteFile(filepath.Join(dir, "etc/spectrum2-lua/transport.cfg"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), entry[0], "serve", "--check", "/etc/spectrum2-lua/transport.cfg")
	cmd.Path, cmd.Dir, cmd.Env = entry[0], "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	for _, want := range []string{
		"ok   config    /etc/spectrum2-lua/transport.cfg: echo.localhost",
		"ok   database  /var/lib/spectrum2-lua/echo.localhost/database.sql: registered users: 0",
		"ok   script    /usr/share/spectrum2-lua/scripts/echo.lua",
		"FAIL server    ", // no XMPP server listens on port 1
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("serve --check (%v) does not print %q:\n%s", err, want, out)
		}
	}
	if content, err := os.ReadFile(filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt")); err != nil || !strings.Contains(string(content), "BEGIN CERTIFICATE") {
		t.Errorf("the image has no certificates: %v", err)
	}
}

// copyIntoImage does what COPY does: the content of a folder of the first stage goes to
// another folder, with an owner.
func copyIntoImage(t *testing.T, dir string, words []string) {
	t.Helper()
	owner := "0:0"
	for strings.HasPrefix(words[0], "--") {
		if name, value, _ := strings.Cut(words[0], "="); name == "--chown" {
			owner = value
		} else if words[0] != "--from=build" {
			t.Fatalf("COPY has the option %s", words[0])
		}
		words = words[1:]
	}
	from, found := strings.CutPrefix(words[0], "/src/bin/image/")
	if !found || len(words) != 2 || !strings.HasSuffix(words[1], "/") {
		t.Fatalf("COPY %q does not copy from the folder of `make image` to a folder", words)
	}
	source, to := filepath.Join(os.Getenv("E2E_IMAGE"), from), filepath.Join(dir, words[1])
	for _, arg := range [][]string{
		{"mkdir", "-p", to},
		{"cp", "-r", "--preserve=mode", source + "/.", to},
		{"chown", "-R", owner, to},
	} {
		if out, err := exec.Command(arg[0], arg[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", arg, err, out)
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
