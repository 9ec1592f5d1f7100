// Command picture draws the chat in the README: it takes the first script of the
// README, runs it with spectrum2-lua chat, and writes the transcript as an SVG
// image. make generate runs it in the root folder.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// commands are the lines that the user types.
const commands = "/login\n/msg echo Hello!\n/logout\n"

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: picture README.md PICTURE.svg")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(readme, picture string) error {
	text, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	script := firstScript(string(text))
	if script == "" {
		return errors.New(readme + " has no Lua script")
	}
	transcript, err := chat(script)
	if err != nil {
		return err
	}
	return os.WriteFile(picture, draw(transcript), 0o644)
}

var fence = regexp.MustCompile("(?s)```lua\n(.*?)```")

// firstScript returns the first Lua code of a page, or "".
func firstScript(page string) string {
	if m := fence.FindStringSubmatch(page); m != nil {
		return m[1]
	}
	return ""
}

// chat returns the output of chat for a script, without the log, because its lines hold
// times.
func chat(script string) ([]string, error) {
	dir, err := os.MkdirTemp("", "spectrum2-lua-picture-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "echo.lua")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "run", "./cmd/spectrum2-lua", "chat", path)
	cmd.Stdin = strings.NewReader(commands)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	lines := []string{"$ spectrum2-lua chat echo.lua"}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "  |") {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return lines, nil
}

const (
	lineHeight = 22
	margin     = 18
	width      = 560
)

// style has a light and a dark form. Classes name the speakers.
const style = `<style>
rect { fill: #f6f8fa; stroke: #d0d7de }
text { font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #1f2328 }
.typed { font-weight: bold } .event { fill: #57606a } .contact { fill: #0550ae }
@media (prefers-color-scheme: dark) {
rect { fill: #161b22; stroke: #30363d } text { fill: #e6edf3 } .event { fill: #9198a1 } .contact { fill: #79c0ff }
}
</style>
`

// draw returns an SVG image of a transcript.
func draw(lines []string) []byte {
	var b bytes.Buffer
	height := 2*margin + lineHeight*len(lines)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="A chat with the script">`+"\n", width, height, width, height)
	b.WriteString(style)
	fmt.Fprintf(&b, `<rect x="0.5" y="0.5" width="%d" height="%d" rx="8"/>`+"\n", width-1, height-1)
	for i, line := range lines {
		fmt.Fprintf(&b, `<text x="%d" y="%d" class="%s">%s</text>`+"\n", margin, margin+lineHeight*i+15, class(line), html.EscapeString(line))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// class returns the CSS class for the speaker of a line.
func class(line string) string {
	switch {
	case strings.HasPrefix(line, "  *"):
		return "event"
	case strings.HasPrefix(line, "  <"):
		return "contact"
	}
	return "typed"
}
