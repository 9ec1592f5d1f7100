package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
)

// testRun holds the flags and the results of test.
type testRun struct {
	t       *terminal
	paths   []string
	run     string
	verbose bool
	watch   bool
	junit   string
	timeout time.Duration
	jobs    int
	cover   bool
	debug   string
	lcov    string

	options scripttest.Options
	results []scripttest.Result
}

func newTest(t *terminal) *cobra.Command {
	r := &testRun{t: t}
	cmd := &cobra.Command{
		Use:   "test [file or folder …]",
		Short: "Run the tests of scripts: *_test.lua",
		Long: `test runs the cases in files called NAME_test.lua, which test the script NAME.lua in
the same folder. The default is all of these files in this folder and below:

    test.case("what is said comes back", function(t)
      local alice = t:login()
      alice:expect("connected")
      alice:say("echo", "hello")
      alice:expect("conv_message", { buddy_name = "echo", message = "hello" })
    end)

Each case has its own backend, VM and folder. It plays the part of Spectrum and of
servers, and it can advance the clock. docs/reference/testing.md is the reference.

--coverage shows how many lines of each script and its modules run, and which do not.

A failure shows its line, the expected and the actual value. The last line is
always "N passed, N failed", and ", N skipped" if cases are skipped. The exit code
is 0 if no case fails, 1 if a case fails, and 2 if no case runs.`,
		Example: `  spectrum2-lua test
  spectrum2-lua test -v scripts/irc_test.lua
  spectrum2-lua test -run 'nick|join' scripts
  spectrum2-lua test -watch
  spectrum2-lua test --junit report.xml
  spectrum2-lua test --coverage
  spectrum2-lua test --lcov coverage.info`,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.paths = args
			return r.start(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.run, "run", "", "run only the cases whose names match this `regexp`")
	f.BoolVarP(&r.verbose, "verbose", "v", false, "show the cases that pass, too")
	f.BoolVar(&r.watch, "watch", false, "run again when a test, a script, a module or a config changes")
	f.StringVar(&r.junit, "junit", "", "write the results to a `file` in JUnit's format")
	f.BoolVar(&r.cover, "coverage", false, "show how many lines of each script run, and which do not")
	f.StringVar(&r.debug, "debug", "", debugHelp)
	f.StringVar(&r.lcov, "lcov", "", "write the coverage to a `file` in LCOV's format")
	f.DurationVar(&r.timeout, "timeout", scripttest.DefaultTimeout, "how long a case may take")
	f.IntVarP(&r.jobs, "jobs", "j", runtime.GOMAXPROCS(0), "how many files run at the same time")
	return cmd
}

// start checks the flags and runs the tests, once or after each change.
func (r *testRun) start(cmd *cobra.Command) error {
	r.options = scripttest.Options{Timeout: r.timeout, Jobs: r.jobs, Done: r.show, Coverage: r.cover || r.lcov != ""}
	if r.run != "" {
		pattern, err := regexp.Compile(r.run)
		if err != nil {
			return usageError{cmd.CommandPath(), fmt.Errorf("--run: %w", err)}
		}
		r.options.Run = pattern
	}
	if err := cmp.Or(checkOutput("junit", r.junit), checkOutput("lcov", r.lcov)); err != nil {
		return usageError{cmd.CommandPath(), err}
	}
	if r.timeout <= 0 || r.jobs < 1 {
		return usageError{cmd.CommandPath(), errors.New("--timeout and --jobs must be more than 0")}
	}
	if r.debug != "" && r.options.Coverage {
		return usageError{cmd.CommandPath(), errors.New("--debug does not work with --coverage and --lcov")}
	}
	if len(r.paths) == 0 {
		r.paths = []string{"."}
	}
	if found, _ := scripttest.Find(r.paths); r.debug != "" && len(found) == 0 {
		_, err := r.once(cmd.Context()) // prints what is wrong
		return err
	}
	d, ctx, end, err := waitForDebugger(cmd.Context(), r.t, r.debug)
	if err != nil {
		return unlessTerminated(ctx, err)
	}
	defer end()
	if r.options.Debugger = d; d != nil {
		r.options.Jobs = 1
	}
	if r.watch {
		return unlessTerminated(ctx, r.again(ctx))
	}
	_, err = r.once(ctx)
	return err
}

// once runs the tests and prints the totals. It returns the files that the tests
// depend on.
func (r *testRun) once(ctx context.Context) (files []string, err error) {
	r.results = nil
	found, err := scripttest.Find(r.paths)
	if err != nil {
		r.t.note("spectrum2-lua: " + err.Error())
	}
	sum := scripttest.Run(ctx, found, r.options)
	switch {
	case err != nil:
	case len(found) == 0:
		r.t.note("spectrum2-lua: finding tests: no *_test.lua in " + strings.Join(r.paths, ", "))
	case sum.Passed+sum.Failed+sum.Skipped > 0 || ctx.Err() != nil:
	case r.run == "":
		r.t.note("spectrum2-lua: no test.case in " + count(len(found), "file"))
	default:
		r.t.note("spectrum2-lua: --run matches no case in " + count(len(found), "file"))
	}
	unwritten := !r.report(sum)
	r.t.print(r.last(sum))
	sum.Files = append(sum.Files, absolute(found)...)
	switch {
	case sum.Failed > 0 || unwritten || ctx.Err() != nil:
		return sum.Files, exitCode(exitFailed)
	case sum.Passed+sum.Skipped == 0:
		return sum.Files, exitCode(exitUsage)
	}
	return sum.Files, nil
}

// report writes the files that the flags name and shows the coverage. It returns false if
// a file cannot be written.
func (r *testRun) report(sum scripttest.Summary) bool {
	var problems []error
	if r.junit != "" {
		problems = append(problems, writeJUnit(r.junit, r.results))
	}
	if r.lcov != "" {
		problems = append(problems, writeLCOV(r.lcov, sum.Coverage))
	}
	if r.cover {
		r.t.print(coverageTable(sum.Coverage))
	}
	problem := errors.Join(problems...)
	if problem != nil {
		r.t.note("spectrum2-lua: " + problem.Error())
	}
	return problem == nil
}

// last returns the last line of the output.
func (r *testRun) last(sum scripttest.Summary) string {
	style := green
	switch {
	case sum.Failed > 0 || sum.Passed+sum.Skipped == 0:
		style = red
	case sum.Skipped > 0:
		style = yellow
	}
	text := fmt.Sprintf("%d passed, %d failed", sum.Passed, sum.Failed)
	if sum.Skipped > 0 {
		text += fmt.Sprintf(", %d skipped", sum.Skipped)
	}
	return r.t.paint(style, text)
}

// show prints one result.
func (r *testRun) show(result scripttest.Result) {
	r.results = append(r.results, result)
	title := result.File
	if result.Name != "" {
		title += ": " + result.Name
	}
	switch {
	case result.Failed():
	case result.Skipped != "":
		reason := strings.Join(strings.Fields(result.Skipped), " ")
		r.t.print(r.t.paint(yellow, "skip  ") + printable(title+" ("+reason+")"))
		return
	default:
		if r.verbose {
			r.t.print(r.t.paint(green, "ok    ") + printable(title))
		}
		return
	}
	lines := []string{r.t.paint(red, "FAIL  ") + r.t.paint(bold, printable(title))}
	for _, failure := range result.Failures {
		for line := range strings.Lines(failure) {
			lines = append(lines, "      "+printable(strings.TrimRight(line, "\n")))
		}
	}
	for _, entry := range result.Log {
		for line := range strings.Lines(entry) {
			lines = append(lines, r.t.paint(dim, "      | "+printable(strings.TrimRight(line, "\n"))))
		}
	}
	r.t.print(strings.Join(lines, "\n") + "\n")
}

// absolute returns the absolute paths of files.
func absolute(files []string) (all []string) {
	for _, file := range files {
		if full, err := filepath.Abs(file); err == nil {
			all = append(all, full)
		}
	}
	return all
}

// findTests returns the absolute paths of the tests in paths.
func findTests(paths []string) []string {
	var all []string
	for _, path := range paths {
		if found, err := scripttest.Find([]string{path}); err == nil {
			all = append(all, absolute(found)...)
		}
	}
	return all
}

func writeJUnit(path string, results []scripttest.Result) error {
	text, err := junit(results)
	if err == nil {
		err = os.WriteFile(path, text, 0o644) //nolint:gosec // it holds no secrets
	}
	if err != nil {
		return fmt.Errorf("writing the JUnit file: %w", err)
	}
	return nil
}
