package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/check"
)

// TestGuidePagesShowWhatTheProgramsPrint follows each page of the guide in an empty
// folder and compares the output of the programs with the page:
//
//   - A block of the language console has commands, after "$ ", and their output.
//     After `spectrum2-lua chat`, the test types the lines with a prompt into the chat,
//     also those of later blocks, until /quit.
//   - Any other block with a file name after its language is the text of that file.
//   - A block of the language diff with a file name replaces the lines with - by the
//     lines with +.
//
// A "…" matches the rest of a line or, alone on a line, any number of lines.
func TestGuidePagesShowWhatTheProgramsPrint(t *testing.T) {
	for _, page := range []struct{ name, makes string }{{"getting-started.md", "mychat"}, {"service.md", "lines"}} {
		t.Run(page.name, func(t *testing.T) {
			t.Parallel()
			g := &guide{t: t, dir: t.TempDir()}
			g.follow(page.name)
			for _, finding := range check.Paths(filepath.Join(g.dir, page.makes)).Findings {
				if finding.Severity == check.Error { // a warning may be about this machine
					t.Errorf("check reports at the end: %v", finding)
				}
			}
		})
	}
}

var (
	fence     = regexp.MustCompile("(?ms)^```(\\w+)(?: ([^\n]+))?\n(.*?)^```$")
	typedLine = regexp.MustCompile(`^\w[^<>]*> (.*)$`)
)

// guide is a reader who follows the guide.
type guide struct {
	t     *testing.T
	dir   string
	where string // page and line
	chat  *openChat
	steps int
}

// follow does what a page says, from its beginning to its end.
func (g *guide) follow(page string) {
	text, err := os.ReadFile(filepath.Join("../../docs/guide", page))
	if err != nil {
		g.t.Fatal(err)
	}
	for _, at := range fence.FindAllSubmatchIndex(text, -1) {
		part := func(n int) string {
			if at[2*n] < 0 {
				return ""
			}
			return string(text[at[2*n]:at[2*n+1]])
		}
		g.where = fmt.Sprintf("%s:%d", page, 1+bytes.Count(text[:at[0]], []byte("\n")))
		g.block(part(1), part(2), part(3))
	}
	if g.chat != nil {
		g.t.Fatalf("%s ends with an open chat", page)
	}
	if g.steps < 10 {
		g.t.Errorf("%s has only %d steps", page, g.steps)
	}
}

func (g *guide) block(language, name, text string) {
	switch {
	case language == "console":
		g.console(text)
	case name == "":
		return
	case language == "diff":
		g.edit(name, text)
	default:
		g.write(name, text)
	}
	g.steps++
}

func (g *guide) write(name, text string) {
	path := filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		g.t.Fatal(err)
	}
	// Rename a complete file into place, as editors do: a chat never reads half a file.
	if err := os.WriteFile(path+"~", []byte(text), 0o644); err != nil {
		g.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		g.t.Fatal(err)
	}
}

func (g *guide) edit(name, diff string) {
	text, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		g.t.Fatalf("%s: %v", g.where, err)
	}
	var before, after strings.Builder
	for line := range strings.Lines(diff) {
		switch line[0] {
		case '-':
			before.WriteString(line[1:])
		case '+':
			after.WriteString(line[1:])
		default:
			before.WriteString(line[1:])
			after.WriteString(line[1:])
		}
	}
	if strings.Count(string(text), before.String()) != 1 {
		g.t.Fatalf("%s: %s does not have exactly one\n%s", g.where, name, before.String())
	}
	g.write(name, strings.Replace(string(text), before.String(), after.String(), 1))
}

// console runs the commands of a block and compares their output with it.
func (g *guide) console(text string) {
	for _, part := range strings.SplitAfter("\n"+text, "\n$ ") {
		part = strings.TrimSuffix(part, "\n$ ")
		if part == "" {
			continue
		}
		if strings.HasPrefix(part, "\n") { // output before the first command
			if said := strings.TrimPrefix(part, "\n"); said != "" {
				g.play(said)
			}
			continue
		}
		command, want, _ := strings.Cut(part, "\n")
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		g.run(command, want)
	}
}

func (g *guide) run(command, want string) {
	if g.chat != nil {
		g.t.Fatalf("%s: %s: the last chat is still open", g.where, command)
	}
	if folder, ok := strings.CutPrefix(command, "cd "); ok {
		g.dir = filepath.Join(g.dir, folder)
		return
	}
	cmd := exec.CommandContext(g.t.Context(), "sh", "-c", "exec "+command)
	cmd.Dir = g.dir
	if strings.HasPrefix(command, "spectrum2-lua chat") {
		g.chat = startChat(g.t, cmd)
		g.play(want)
		return
	}
	out, _ := cmd.CombinedOutput() // the output also shows a failure
	if got := string(out); !shown(want + "$").MatchString(got) {
		g.t.Fatalf("%s: %s prints\n%s, want\n%s", g.where, command, got, want)
	}
}

// play types the lines that have a prompt and waits for the other lines.
func (g *guide) play(text string) {
	if g.chat == nil {
		g.t.Fatalf("%s: no chat is open", g.where)
	}
	segment, quit := "", false
	flush := func() {
		if segment != "" {
			g.chat.expect(g.t, g.where, segment)
		}
		segment = ""
	}
	for line := range strings.Lines(text) {
		if m := typedLine.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			flush()
			g.chat.say(g.t, m[1])
			quit = m[1] == "/quit"
		}
		segment += line
	}
	flush()
	if quit {
		g.chat.end(g.t, g.where)
		g.chat = nil
	}
}

// shown returns a pattern for the output that a page shows. A $ at the end of the text
// matches the end of the output.
func shown(text string) *regexp.Regexp {
	text, whole := strings.CutSuffix(text, "$")
	pattern := regexp.QuoteMeta(text)
	pattern = regexp.MustCompile(`(?m)^…\n`).ReplaceAllString(pattern, `(?:.*\n)*?`)
	pattern = `\A` + strings.ReplaceAll(pattern, "…", ".*")
	if whole {
		pattern += `\z`
	}
	return regexp.MustCompile(pattern)
}

// openChat is a running chat and the part of its output that is not yet compared.
type openChat struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser

	mu   sync.Mutex
	said bytes.Buffer
	more chan struct{} // receives a value after each write
}

func startChat(t *testing.T, cmd *exec.Cmd) *openChat {
	c := &openChat{cmd: cmd, more: make(chan struct{}, 1)}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin, cmd.Stdout, cmd.Stderr = stdin, c, io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *openChat) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
	return c.said.Write(p)
}

func (c *openChat) say(t *testing.T, line string) {
	if _, err := io.WriteString(c.stdin, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

// expect waits until the chat has printed exactly what the page shows.
func (c *openChat) expect(t *testing.T, where, text string) {
	late := time.After(time.Minute)
	for {
		c.mu.Lock()
		at := shown(text).FindIndex(c.said.Bytes())
		if at != nil {
			c.said.Next(at[1])
		}
		got := c.said.String()
		c.mu.Unlock()
		if at != nil {
			return
		}
		select {
		case <-c.more:
		case <-late:
			t.Fatalf("%s: the chat prints\n%s, want\n%s", where, got, text)
		}
	}
}

func (c *openChat) end(t *testing.T, where string) {
	_ = c.stdin.Close()
	_ = c.cmd.Wait() // the exit code is 1 if the log has errors
	if rest := c.said.String(); rest != "" {
		t.Errorf("%s: unexpected output at the chat's end:\n%s", where, rest)
	}
}
