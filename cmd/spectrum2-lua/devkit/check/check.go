// Package check finds mistakes in scripts and config files without running them. It
// reports what the runtime rejects, unknown names, and frequent mistakes of admins.
// It reports nothing that it is not sure of.
//
// The rules come from the packages that apply them at run time: luabind/convert and
// runtime/schema for messages, runtime/config for config files, the modules' tables
// for functions, and luabind/api for arguments and results.
package check

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"spectrumlua/cmd/spectrum2-lua/devkit/account"
)

// Severity is the severity of a finding.
type Severity string

// An Error is wrong on every machine. A Warning is a likely mistake, or depends on
// the machine.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one mistake.
type Finding struct {
	// File is relative to the current folder if it is below it.
	File string `json:"file"`
	// Line counts from 1; 0 means the whole file.
	Line     int      `json:"line"`
	Severity Severity `json:"severity"`
	// Code is one of Codes.
	Code string `json:"code"`
	Text string `json:"text"`
}

// String returns the finding as a line: "file:line: error: text [code]".
func (f Finding) String() string {
	place := f.File
	if f.Line > 0 {
		place += ":" + strconv.Itoa(f.Line)
	}
	return fmt.Sprintf("%s: %s: %s [%s]", place, f.Severity, f.Text, f.Code)
}

// Report is the result of a check.
type Report struct {
	// Findings are sorted by file and line.
	Findings []Finding
	// Files is the number of files that were read.
	Files int
}

// Count returns the number of findings with a severity.
func (r *Report) Count(s Severity) (n int) {
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Options are the options of Run.
type Options struct {
	// User is the name or number of the user that Spectrum runs as. If it is empty,
	// the unit of systemd names the user.
	User string

	root string // the root folder of the file system; only tests set it
}

// Paths is like Run with default options.
func Paths(paths ...string) *Report {
	r, _ := Run(Options{}, paths...) // the only error is an unknown Options.User
	return r
}

// Run checks scripts, config files, and the *.lua and *.cfg files of folders. A
// file whose name ends in .lua is a script, any other file a config. Run also checks
// the script that a config names and the files that a script requires. It returns an
// error if Options.User does not exist. It is safe for concurrent use.
func Run(o Options, paths ...string) (*Report, error) {
	if o.User != "" {
		if _, err := account.Find(account.Options{User: o.User, Root: o.root}); err != nil {
			return nil, err
		}
	}
	c := &checker{options: o, seen: map[Finding]bool{}, sources: map[string]*sourceFile{}, checked: map[string]bool{}, surfaces: map[bool]*surface{}}
	var scripts []target
	for _, path := range paths {
		scripts = append(scripts, c.targets(path)...)
	}
	modules := c.required(scripts)
	for _, t := range scripts {
		path := absolute(t.path)
		if strings.HasSuffix(path, ".lua") && !c.checked[path] && !modules[path] {
			c.script(path, t)
		}
	}
	c.ignoreAsked()
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return &Report{Findings: c.findings, Files: len(c.sources)}, nil
}

// target is a script to check.
type target struct {
	path string
	// named is true if the caller named the file. It is then a transport unless it
	// looks like a module.
	named bool
}

// checker is the state of one check.
type checker struct {
	options  Options
	findings []Finding
	seen     map[Finding]bool
	sources  map[string]*sourceFile // by absolute path
	checked  map[string]bool        // scripts and the files that they require
	surfaces map[bool]*surface      // without and with the sandbox
}

// targets checks path if it is a config, and otherwise returns its scripts.
func (c *checker) targets(path string) []target {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		// The complete path shows in which folder check has looked.
		c.add(Finding{File: absolute(path), Code: "unreadable", Text: "cannot be read: " + cause(err)})
		return nil
	case !info.IsDir() && strings.HasSuffix(path, ".lua"):
		return []target{{path, true}}
	case !info.IsDir():
		c.config(path)
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		c.tell(absolute(path), 0, "unreadable", "cannot be read: "+cause(err))
	}
	var found []target
	configs := 0
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		switch {
		case e.IsDir():
		case strings.HasSuffix(name, ".lua"):
			found = append(found, target{name, false})
		case strings.HasSuffix(name, ".cfg"):
			configs++
			c.config(name)
		}
	}
	if err == nil && len(found)+configs == 0 {
		// The complete path shows where check has looked.
		c.add(Finding{File: absolute(path), Code: "unreadable", Text: "the folder has neither scripts (*.lua) nor configs (*.cfg), and check does not read the folders below it"})
	}
	return found
}

// cause returns the text of an error without its path.
func cause(err error) string {
	if p, ok := err.(*fs.PathError); ok { //nolint:errorlint // only the outermost error counts
		return p.Err.Error()
	}
	return err.Error()
}

// tell adds a finding about a file, whose path it shows relative to the current folder.
func (c *checker) tell(path string, line int, code, text string) {
	c.add(Finding{File: display(path), Line: line, Code: code, Text: text})
}

// add adds a finding with the severity of its code. It ignores a finding that it already
// has.
func (c *checker) add(f Finding) {
	f.Severity = severities[f.Code]
	if f.Severity == "" {
		panic("check: unknown code " + f.Code) // the tests produce each code
	}
	if !c.seen[f] {
		c.seen[f] = true
		c.findings = append(c.findings, f)
	}
}

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// display returns a path relative to the current folder if it is below it.
func display(path string) string {
	if here, err := os.Getwd(); err == nil {
		if name, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(name, "..") {
			return name
		}
	}
	return path
}
