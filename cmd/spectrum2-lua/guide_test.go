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

// TestGuide follows the guide word for word, each page in an empty folder, and
// compares what the programs say with what the pages show:
//
//   - a block of the language console has commands, behind "$ ", and what they
//     write. After `spectrum2-lua chat`, lines with a prompt are typed into it; it
//     goes on through later blocks until /quit.
//   - any other block with a file name behind its language is written to that file.
//   - diff and a file name: the lines with - are replaced by those with +.
//
// A "…" stands for the rest of a line or, alone in one, for any lines.
func TestGuide(t *testing.T) {
	for _, page := range []struct{ name, makes string }{{"getting-started.md", "mychat"}, {"service.md", "lines"}} {
		t.Run(page.name, func(t *testing.T) {
			t.Parallel()
			g := &guide{t: t, dir: t.TempDir()}
			g.follow(page.name)
			for _, finding := range check.Paths(filepath.Join(g.dir, page.makes)).Findings {
				if finding.Severity == check.Error { // a warning may be about this machine
					t.Errorf("at the end check says %v", finding)
				}
			}
		})
	}
}

var (
	fence     = regexp.MustCompile("(?ms)^```(\\w+)(?: ([^\n]+))?\n(.*?)^```$")
	typedLine = regexp.MustCompile(`^\w[^<>]*> (.*)$`)
)

// guide is somebody who follows it.
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
		g.t.Fatalf("%s leaves a chat open", page)
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
	// As editors do, so that a chat never reads half a file.
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
		g.t.Fatalf("%s: %s does not have once\n%s", g.where, name, before.String())
	}
	g.write(name, strings.Replace(string(text), before.String(), after.String(), 1))
}

// console carries out commands and holds what they write against the block.
func (g *guide) console(text string) {
	for _, part := range strings.SplitAfter("\n"+text, "\n$ ") {
		part = strings.TrimSuffix(part, "\n$ ")
		if part == "" {
			continue
		}
		if strings.HasPrefix(part, "\n") { // before the first command
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
		g.t.Fatalf("%s: %s: a chat is still open", g.where, command)
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
	out, _ := cmd.CombinedOutput() // an exit code is shown by the text, too
	if got := string(out); !shown(want + "$").MatchString(got) {
		g.t.Fatalf("%s: %s says\n%s, not\n%s", g.where, command, got, want)
	}
}

// play types the lines with a prompt, and waits for the others.
func (g *guide) play(text string) {
	if g.chat == nil {
		g.t.Fatalf("%s: there is no chat", g.where)
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

// shown makes a pattern of what a page shows. A $ at its end stands for the end.
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

// openChat is a chat that runs, and what it has said that was not looked at.
type openChat struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser

	mu   sync.Mutex
	said bytes.Buffer
	more chan struct{} // has a value after each write
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

// expect waits until the chat has said what the page shows, and nothing else.
func (c *openChat) expect(t *testing.T, where, text string) {
	late := time.After(20 * time.Second)
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
			t.Fatalf("%s: the chat says\n%s, not\n%s", where, got, text)
		}
	}
}

func (c *openChat) end(t *testing.T, where string) {
	_ = c.stdin.Close()
	_ = c.cmd.Wait() // it tells of errors in the log by its exit code
	if rest := c.said.String(); rest != "" {
		t.Errorf("%s: the chat says at its end\n%s", where, rest)
	}
}
