//go:build e2e && packages

package e2e_test

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// A step is a block of code of a page: commands, or the content of a file.
type step struct {
	file  string // the path of the file; empty for commands
	lines []string
}

// newFile matches the end of a paragraph that asks for a file.
var newFile = regexp.MustCompile("[Ww]rite `(/[^`]+)`.*:$")

// stepsOf returns the blocks of code below a heading of a page, up to the next heading.
func stepsOf(t *testing.T, page, heading string) []step {
	t.Helper()
	_, text, found := strings.Cut("\n"+repositoryFile(t, page), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", page, heading)
	}
	text, _, _ = strings.Cut(text, "\n#")
	text = strings.ReplaceAll(text, "_amd64.deb", "_"+runtime.GOARCH+".deb")
	var steps []step
	paragraph := ""
	for _, part := range strings.Split(text, "\n\n") {
		part = strings.Trim(part, "\n")
		if !strings.HasPrefix(part, "    ") {
			paragraph = strings.Join(strings.Fields(part), " ")
			continue
		}
		s := step{}
		if m := newFile.FindStringSubmatch(paragraph); m != nil {
			s.file = m[1]
		}
		for line := range strings.Lines(part) {
			s.lines = append(s.lines, strings.TrimSuffix(strings.TrimPrefix(line, "    "), "\n"))
		}
		steps = append(steps, s)
	}
	if len(steps) == 0 {
		t.Fatalf("%s: %q has no commands", page, heading)
	}
	return steps
}

// follow runs the commands below a heading and writes its files, as an admin would.
func (m *machine) follow(page, heading string) {
	m.t.Helper()
	m.followSome(page, heading, -1)
}

// followSome is like follow, for the first blocks of code; -1 stands for all.
func (m *machine) followSome(page, heading string, blocks int) {
	m.t.Helper()
	for i, s := range stepsOf(m.t, page, heading) {
		if i == blocks {
			return
		}
		text := strings.Join(s.lines, "\n") + "\n"
		if s.file != "" {
			m.write(s.file, text)
			continue
		}
		for command := range strings.Lines(strings.ReplaceAll(text, "\\\n", "")) {
			command = strings.TrimSpace(command)
			if other, found := m.instead[command]; found {
				command = other
			}
			m.run(untilDone(command))
		}
	}
}

// untilDone adds to a command that it waits for what it has only begun: a service that listens
// or connects. An admin does not notice the difference.
func untilDone(command string) string {
	const connections = `$(grep -c "Connected to Frontend server" /var/log/spectrum2/echo.localhost/spectrum2.log 2>/dev/null)`
	switch command {
	case "systemctl restart prosody":
		return command + ` && until (: </dev/tcp/127.0.0.1/5347 && : </dev/tcp/127.0.0.1/5222) 2>/dev/null; do sleep 0.1; done`
	case "systemctl restart spectrum2":
		return "before=" + connections + "; " + command + " && until now=" + connections + `; [ "${now:-0}" -gt "${before:-0}" ]; do sleep 0.1; done`
	}
	return command
}
