// Package compare runs Lua programs in a reference implementation and in ours, reports
// how their results differ, and reduces a program whose results differ.
package compare

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

//go:embed prelude.lua
var prelude string

//go:embed driver.lua
var driver string

// Result is the result of a program.
type Result struct {
	// Lines are the lines that it printed.
	Lines []string
	// Refused is why the program does not compile, or "".
	Refused string
	// Broken is why the program did not end normally, or "".
	Broken string
}

// Runner runs programs. The results are in the order of the programs.
type Runner interface {
	Run(ctx context.Context, sources []string) ([]Result, error)
}

// Reference is a Lua interpreter, such as Debian's lua5.1.
type Reference struct {
	Command string
	// Messages reports whether texts of errors are compared.
	Messages bool
	// Steps is the number of instructions that a program may execute.
	Steps int
	// Patience is the time for one run with all of its programs; default: a minute.
	Patience time.Duration
}

// errNoReference is the error if the interpreter is not installed.
var errNoReference = errors.New("the reference is not installed")

// Installed returns an error if the interpreter is not installed.
func (r *Reference) Installed() error {
	if _, err := exec.LookPath(r.Command); err != nil {
		return fmt.Errorf("%w: %s (apt-get install lua5.1 luajit)", errNoReference, r.Command)
	}
	return nil
}

// Run runs programs in one process. If that fails, it runs each in its own.
func (r *Reference) Run(ctx context.Context, sources []string) ([]Result, error) {
	results, err := r.run(ctx, sources)
	if err == nil || ctx.Err() != nil {
		return results, err
	}
	results = nil
	for _, source := range sources {
		one, err := r.run(ctx, []string{source})
		if err != nil {
			one = []Result{{Broken: err.Error()}}
		}
		results = append(results, one...)
	}
	return results, ctx.Err()
}

func (r *Reference) run(ctx context.Context, sources []string) ([]Result, error) {
	patience := r.Patience
	if patience == 0 {
		patience = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	mode := "no messages"
	if r.Messages {
		mode = "messages"
	}
	command := exec.CommandContext(ctx, r.Command, "-", mode)
	var in, out, failure bytes.Buffer
	for _, text := range append([]string{prelude}, sources...) {
		fmt.Fprintf(&in, "%d\n%s", len(text), text)
	}
	command.Args = []string{r.Command, "-e", fmt.Sprintf(`assert(loadstring(%s, "=driver"))("%s", %d) os.exit(0)`, longString(driver), mode, r.Steps)}
	command.Stdin, command.Stdout, command.Stderr = &in, &out, &failure
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", r.Command, err, failure.String())
	}
	return parseResults(out.String(), len(sources))
}

func longString(s string) string { return "[====[\n" + s + "]====]" }

// parseResults parses the output of driver.lua. The first byte of each line is its kind.
func parseResults(out string, n int) ([]Result, error) {
	var results []Result
	var current Result
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return nil, errors.New("the reference writes an empty line")
		}
		switch line[0] {
		case 1:
			results = append(results, current)
			current = Result{}
		case 2:
			current.Lines = append(current.Lines, line[1:])
		case 3:
			current.Refused = line[1:]
		case 4:
			current.Broken = line[1:]
		default:
			return nil, fmt.Errorf("the reference writes %q", line)
		}
	}
	if len(results) != n {
		return nil, fmt.Errorf("the reference has results of %d programs, not of %d", len(results), n)
	}
	return results, nil
}
