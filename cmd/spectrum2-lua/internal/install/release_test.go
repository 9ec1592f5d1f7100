package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/runtime/version"
)

// checkout is a git repository with the files that release.sh asks for the version.
type checkout struct {
	t   *testing.T
	dir string
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	for _, program := range []string{"git", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("this machine has no %s", program)
		}
	}
	c := &checkout{t, t.TempDir()}
	for _, name := range []string{"runtime/version/version.go", "cmd/spectrum2-lua/internal/install/release.sh"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(c.dir, name), string(text))
	}
	put(t, filepath.Join(c.dir, "Makefile"), "")
	return c
}

// run runs a program in the repository and returns what it prints.
func (c *checkout) run(environment string, arg ...string) (string, error) {
	cmd := exec.CommandContext(c.t.Context(), arg[0], arg[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "VERSION=",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@localhost",
		"GIT_COMMITTER_DATE=1700000000 +0900", "GIT_CEILING_DIRECTORIES="+filepath.Dir(c.dir), environment)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (c *checkout) git(arg ...string) string {
	c.t.Helper()
	out, err := c.run("", append([]string{"git"}, arg...)...)
	if err != nil {
		c.t.Fatalf("git %q: %v\n%s", arg, err, out)
	}
	return out
}

func (c *checkout) commit() {
	c.t.Helper()
	c.git("init", "-q")
	c.git("add", ".")
	c.git("commit", "-q", "-m", "all")
}

// version returns what release.sh prints as the version.
func (c *checkout) version(environment string) (string, error) {
	return c.run(environment, "bash", "cmd/spectrum2-lua/internal/install/release.sh", "version")
}

func TestVersionOfARelease(t *testing.T) {
	for _, c := range []struct {
		name        string
		prepare     func(c *checkout)
		environment string
		want        string // COMMIT stands for the commit
		wrong       string
	}{
		{"a tag", func(c *checkout) { c.commit(); c.git("tag", "v"+version.Number) }, "", version.Number, ""},
		{"no tag", func(c *checkout) { c.commit() }, "", version.Number + "+git20231114221320.COMMIT", ""},
		{"another kind of tag", func(c *checkout) { c.commit(); c.git("tag", "vital") }, "", version.Number + "+git20231114221320.COMMIT", ""},
		{"no tag, with changes", func(c *checkout) { c.commit(); put(c.t, filepath.Join(c.dir, "new"), "") }, "", version.Number + "+git20231114221320.COMMIT.modified", ""},
		{"a tag, with changes", func(c *checkout) {
			c.commit()
			c.git("tag", "v"+version.Number)
			put(c.t, filepath.Join(c.dir, "new"), "")
		}, "", "", "files differ from the commit of v" + version.Number},
		{"a tag of another version", func(c *checkout) { c.commit(); c.git("tag", "v77.0.0") }, "", "",
			"the commit has the tag v77.0.0, but runtime/version/version.go has " + version.Number},
		{"no git", func(*checkout) {}, "", "", "not a git checkout, so its commit is unknown; set VERSION=" + version.Number},
		{"a version that is given", func(*checkout) {}, "VERSION=1.2.3+build7", "1.2.3+build7", ""},
		{"a word instead of a version", func(*checkout) {}, "VERSION=next", "", "VERSION=next is not a version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			repository := newCheckout(t)
			c.prepare(repository)
			got, err := repository.version(c.environment)
			if c.wrong != "" {
				if err == nil || !strings.Contains(got, c.wrong) {
					t.Errorf("%q, %v; want an error with %q", got, err, c.wrong)
				}
				return
			}
			commit, _ := repository.run("", "git", "rev-parse", "--short=8", "HEAD") // fails without git
			want := strings.Replace(c.want, "COMMIT", commit, 1)
			if err != nil || got != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
}
