// Package scripttest runs tests of scripts. A test is a Lua file called NAME_test.lua.
// Its cases log users in to the script and expect messages of it.
// docs/reference/testing.md explains tests to their authors.
//
// Each case has its own world: a VM with the test file, a scheduler, a clock, a
// temporary folder and a backend with the script under test. Two cases share
// nothing.
package scripttest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"spectrumlua/luabind/debugger"
	"spectrumlua/luabind/source"
)

// suffix is the end of the names of tests.
const suffix = "_test.lua"

// DefaultTimeout is how long a case may take.
const DefaultTimeout = 30 * time.Second

// Options are the options of Run. The zero value runs all cases.
type Options struct {
	// Run selects cases by their names; nil selects all.
	Run *regexp.Regexp
	// Timeout is how long a case may take; default: DefaultTimeout. If it is longer, the
	// default limits of expectations are longer in proportion.
	Timeout time.Duration
	// Jobs is the number of files that run at the same time; default: 1. The cases
	// of a file run one after the other.
	Jobs int
	// Coverage measures which lines of the scripts and their modules run.
	Coverage bool
	// Debugger debugs tests and scripts. Time limits do not end while a task is stopped.
	Debugger *debugger.Debugger
	// Done is called with each result, in the order of files and cases. Calls do not
	// overlap.
	Done func(Result)
}

// Result is the result of one case, or of a file that does not load.
type Result struct {
	// File is the path of the test and Name the case. Name is "" for the file
	// itself.
	File, Name string
	Took       time.Duration
	// Skipped is the reason for which the case is skipped, or "". A case that fails
	// although it is skipped counts as failed.
	Skipped string
	// Failures are the messages of what failed. The first line of a message starts
	// with file and line if they are known.
	Failures []string
	// Log holds log lines of the script and the test that may explain a failure.
	Log []string
}

// Passed reports whether the case has passed.
func (r Result) Passed() bool { return !r.Failed() && r.Skipped == "" }

// Failed reports whether the case has failed.
func (r Result) Failed() bool { return len(r.Failures) > 0 }

// Summary is the result of a run.
type Summary struct {
	Passed, Failed, Skipped int
	// Files are all files that were read, by absolute paths: a change of one may
	// change a result.
	Files []string
	// Coverage is the coverage of each script and module, sorted by path, if
	// Options.Coverage is set.
	Coverage []source.CoveredFile
}

// Find returns the test files among paths, and in folders and their subfolders, except
// hidden ones. The result is sorted, without duplicates.
func Find(paths []string) ([]string, error) {
	var found []string
	for _, path := range paths {
		full, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(full) // an error names the complete path
		switch {
		case err != nil:
			return nil, fmt.Errorf("finding tests: %w", err)
		case !info.IsDir() && !strings.HasSuffix(path, suffix):
			return nil, fmt.Errorf("%s is not a test: the name of a test ends in %s", path, suffix)
		case !info.IsDir():
			found = append(found, filepath.Clean(path))
			continue
		}
		err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && name != path && strings.HasPrefix(d.Name(), "."):
				return fs.SkipDir
			case !d.IsDir() && strings.HasSuffix(d.Name(), suffix):
				found = append(found, filepath.Clean(name))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// Run runs the cases of test files. When ctx is done, it stops the running cases and starts
// no others.
func Run(ctx context.Context, files []string, o Options) Summary {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	r := &runner{options: o, files: map[string]struct{}{}, results: make([]chan []Result, len(files))}
	for i := range files {
		r.results[i] = make(chan []Result, 1)
	}
	var workers sync.WaitGroup
	next := make(chan int)
	measured := make([]coverage, min(max(o.Jobs, 1), len(files)))
	for n := range measured {
		measured[n] = r.measure()
		workers.Go(func() {
			w := worker{r, measured[n]}
			for i := range next {
				r.results[i] <- w.file(ctx, files[i])
			}
		})
	}
	workers.Go(func() {
		defer close(next)
		for i := range files {
			next <- i
		}
	})
	var sum Summary
	for _, results := range r.results {
		for _, result := range <-results {
			switch {
			case result.Failed():
				sum.Failed++
			case result.Skipped != "":
				sum.Skipped++
			default:
				sum.Passed++
			}
			if o.Done != nil {
				o.Done(result)
			}
		}
	}
	workers.Wait()
	for file := range r.files {
		sum.Files = append(sum.Files, file)
	}
	slices.Sort(sum.Files)
	sum.Coverage = merge(measured)
	return sum
}

// runner is one run.
type runner struct {
	options Options
	results []chan []Result
	sources source.Cache // each case loads most files again

	mu    sync.Mutex
	files map[string]struct{}
}

// worker runs files one after the other.
type worker struct {
	*runner
	coverage coverage
}

// file runs the cases of one file. It loads the file into a new world for each case.
func (r *worker) file(ctx context.Context, path string) (results []Result) {
	names, problem := r.names(ctx, path)
	if problem != nil {
		return []Result{*problem}
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return results
		}
		if r.options.Run == nil || r.options.Run.MatchString(name) {
			results = append(results, r.one(ctx, path, name))
		}
	}
	return results
}

// names loads a file and returns the names of its cases.
func (r *worker) names(ctx context.Context, path string) ([]string, *Result) {
	if ctx.Err() != nil {
		return nil, nil
	}
	w, err := newWorld(ctx, path, &r.sources, r.coverage, r.options)
	if err == nil {
		defer w.close()
		err = w.load(ctx, r.options.Timeout)
		r.note(w)
	}
	if err != nil {
		return nil, &Result{File: path, Failures: []string{w.shown(err.Error())}, Log: w.logLines()}
	}
	var names []string
	for _, c := range w.suite.cases {
		names = append(names, c.name)
	}
	return names, nil
}

// one runs one case.
func (r *worker) one(ctx context.Context, path, name string) Result {
	began := time.Now()
	result := Result{File: path, Name: name}
	w, err := newWorld(ctx, path, &r.sources, r.coverage, r.options)
	if err == nil {
		defer w.close()
		err = w.load(ctx, r.options.Timeout)
	}
	if err != nil {
		result.Failures = []string{w.shown(err.Error())}
		return result
	}
	for _, problem := range w.play(ctx, name, r.options.Timeout) {
		result.Failures = append(result.Failures, w.shown(problem))
	}
	if !result.Failed() {
		result.Skipped = w.skipReason()
	}
	r.note(w)
	result.Log = w.logLines()
	result.Took = time.Since(began)
	return result
}

// note remembers the files that a world has read.
func (r *runner) note(w *world) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, file := range w.files() {
		r.files[file] = struct{}{}
	}
}
