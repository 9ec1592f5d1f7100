package main

import (
	"bytes"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func testRoot() *cobra.Command {
	return newRoot(newTerminal(new(strings.Builder), new(strings.Builder)))
}

func shared(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := sharedFiles(testRoot())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestEveryCommandHasAManualPage(t *testing.T) {
	files := shared(t)
	pages := []string{"spectrum2-lua", backendName}
	for _, cmd := range testRoot().Commands() {
		if !cmd.Hidden {
			pages = append(pages, "spectrum2-lua-"+cmd.Name())
		}
	}
	for _, page := range pages {
		text := string(files["man/man1/"+page+".1"])
		for _, heading := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"} {
			if !strings.Contains(text, `.SH "`+heading+"\"\n") {
				t.Errorf("%s(1) has no %s", page, heading)
			}
		}
	}
	for name := range files {
		if strings.Contains(name, "baseline") || strings.Contains(name, "share.1") {
			t.Errorf("%s describes a hidden command", name)
		}
	}
}

var pageReference = regexp.MustCompile(`([\w-]+)\((\d)\)`)

func TestManualPagesReferToPagesThatExist(t *testing.T) {
	files := shared(t)
	references := 0
	for name, text := range files {
		if !strings.HasSuffix(name, ".1") {
			continue
		}
		for _, r := range pageReference.FindAllStringSubmatch(strings.ReplaceAll(string(text), `\-`, "-"), -1) {
			references++
			if files["man/man"+r[2]+"/"+r[1]+"."+r[2]] == nil {
				t.Errorf("%s refers to %s, which does not exist", name, r[0])
			}
		}
	}
	if references < 20 {
		t.Errorf("only %d references were found", references)
	}
}

// plain holds the commands that the short help explains completely.
var plain = []string{"completion", "help", "version"}

func TestHelpHasTextExampleAndFlags(t *testing.T) {
	root := testRoot()
	for _, cmd := range append(root.Commands(), root) {
		if cmd.Hidden || slices.Contains(plain, cmd.Name()) {
			continue
		}
		if strings.Count(cmd.Long, "\n") < 2 || strings.HasSuffix(cmd.Long, "\n") {
			t.Errorf("%s: the help does not explain the command", cmd.Name())
		}
		if !strings.Contains(cmd.Example, root.Name()+" ") {
			t.Errorf("%s: the help has no example", cmd.Name())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s --%s: the help is %q", cmd.Name(), f.Name, f.Usage)
			}
		})
	}
}

// requests matches the roff requests that pages may use.
var requests = regexp.MustCompile(`^\.(TH|SH|PP|TP|B|nf|fi|nh|ad)\b`)

func TestManualPagesAreValidRoff(t *testing.T) {
	for name, text := range shared(t) {
		if !strings.HasSuffix(name, ".1") {
			continue
		}
		for _, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, ".") && !requests.MatchString(line) || strings.HasPrefix(line, "'") {
				t.Errorf("%s: %q is an unknown request", name, line)
			}
		}
		groff, err := exec.LookPath("groff")
		if err != nil {
			continue
		}
		cmd := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z")
		cmd.Stdin = bytes.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: groff reports %v: %s", name, err, out)
		}
	}
}

func TestManPageEscapesAndKeepsIndentedLines(t *testing.T) {
	p := &manPage{}
	p.text("One\nparagraph, a-b.\n\n  an example\n\n  and more \\ of it\n.dot\n'quote …")
	want := "One\nparagraph, a\\-b.\n.PP\n.PP\n.nf\n  an example\n\n  and more \\e of it\n.fi\n.PP\n\\&.dot\n\\&'quote \\[u2026]\n"
	if p.String() != want {
		t.Errorf("got\n%s\nwant\n%s", p.String(), want)
	}
}

func TestCompletionScriptsAreValidInTheirShells(t *testing.T) {
	files := shared(t)
	for shell, name := range map[string]string{
		"bash": "bash-completion/completions/spectrum2-lua",
		"zsh":  "zsh/site-functions/_spectrum2-lua",
		"fish": "fish/vendor_completions.d/spectrum2-lua.fish",
	} {
		if len(files[name]) == 0 {
			t.Errorf("%s is missing from %q", name, slices.Sorted(maps.Keys(files)))
			continue
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		cmd := exec.Command(path, "-n")
		cmd.Stdin = bytes.NewReader(files[name])
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}
