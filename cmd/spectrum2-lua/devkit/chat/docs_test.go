package chat

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
)

const page = "../../../../docs/reference/chat.md"

func readPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// To update the list, run UPDATE=1 go test ./cmd/spectrum2-lua/devkit/chat -run Page.
func TestPageListsTheCommandsOfHelp(t *testing.T) {
	const begin, end = "<!-- commands -->\n", "<!-- end -->\n"
	var list strings.Builder
	list.WriteString("| command | what it does |\n|---|---|\n")
	for _, g := range groups {
		for _, c := range g.commands {
			fmt.Fprintf(&list, "| `%s` | %s |\n", strings.ReplaceAll(c.usage, "|", `\|`), c.about)
		}
	}
	text := readPage(t)
	before, rest, _ := strings.Cut(text, begin)
	got, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s lacks the list of commands", page)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(page, []byte(before+begin+list.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != list.String() {
		t.Errorf("%s lists\n%s, but /help lists\n%s", page, got, list.String())
	}
}

var (
	session     = regexp.MustCompile("(?ms)^```transcript (\\S+)\n(.*?)^```$")
	typed       = regexp.MustCompile(`(?m)^\S.*?> (.*)$`)
	fingerprint = regexp.MustCompile(`sha256 [0-9a-f]{12}`)
)

// The test types the commands of each transcript on the page.
func TestTranscriptsOfThePageAreExact(t *testing.T) {
	sessions := session.FindAllStringSubmatch(readPage(t), -1)
	if len(sessions) < 2 {
		t.Errorf("%s has only %d sessions", page, len(sessions))
	}
	for _, s := range sessions {
		path, want := s[1], s[2]
		var commands, got strings.Builder
		for _, line := range typed.FindAllStringSubmatch(want, -1) {
			commands.WriteString(line[1] + "\n")
		}
		err := New(Options{
			Stage:   harness.Options{Path: filepath.Join("../../../..", path)},
			Console: NewTranscript(strings.NewReader(commands.String()), &got), Script: true,
		}).Run(context.Background())
		if err != nil {
			t.Error(err)
		}
		if got := fingerprint.ReplaceAllString(got.String(), "sha256 …"); got != want {
			t.Errorf("the transcript of %s is\n%s, the page shows\n%s", path, got, want)
		}
	}
}
