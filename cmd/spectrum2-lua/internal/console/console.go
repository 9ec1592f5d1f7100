// Package console is the command spectrum2-lua console: Lua code for a running process, from
// the command line, from a file, or from a prompt.
package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/luabind/source"
	"spectrumlua/runtime/admin"
)

// askTime limits a request that runs no code.
const askTime = 5 * time.Second

// maxText limits the code that runs at once, in bytes. A request of the admin socket cannot be
// much longer.
const maxText = 60 << 10

// Options select the process, and what the code may do.
type Options struct {
	File     string
	PID      int    // 0: the only process, or that of User
	User     string // whose session is the global session
	ReadOnly bool
	// Print writes a line of the results, and Note one about mistakes.
	Print, Note func(line string)
	// Clean replaces the control characters of a line.
	Clean func(line string) string
}

// Console runs code in a process. Its methods are called from one goroutine at a time.
type Console struct {
	opts    Options
	backend *live.Backend // nil after it has ended
	pid     int           // of the last backend
}

// LineError is the error of code that has failed.
type LineError string

func (e LineError) Error() string { return string(e) }

// ErrFailed is the error of Script if code has failed. Note has had the errors.
var ErrFailed = errors.New("code has failed")

// Open connects to the process. It returns an error if the process refuses such code.
func Open(ctx context.Context, o Options) (*Console, error) {
	c := &Console{opts: o}
	return c, c.connect(ctx)
}

// Close closes the connection.
func (c *Console) Close() {
	if c.backend != nil {
		c.backend.Close()
		c.backend = nil
	}
}

// connect finds the process.
func (c *Console) connect(ctx context.Context) error {
	all, err := live.Of(c.opts.File, c.opts.PID)
	if err != nil {
		return err
	}
	if len(all) > 1 && c.opts.User == "" {
		live.Close(all)
		return fmt.Errorf("%s has %d processes: name one with --pid, or a user with --user; spectrum2-lua ps lists the processes",
			filepath.Base(c.opts.File), len(all))
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	errs := live.Each(ctx, all, func(ctx context.Context, _ int, b live.Backend) error {
		return b.Post(ctx, "/keys", admin.Keys{User: c.opts.User, ReadOnly: c.opts.ReadOnly}, nil)
	})
	if serves := slices.Index(errs, nil); serves >= 0 {
		c.backend, c.pid = &all[serves], all[serves].Socket().PID
		all = slices.Delete(slices.Clone(all), serves, serves+1)
	} else {
		err = worst(errs)
	}
	live.Close(all)
	return err
}

// worst returns the error that says most: that a user is not logged in is true for most
// processes.
func worst(errs []error) error {
	for _, err := range errs {
		var refused *admin.Error
		if !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
			return err
		}
	}
	return errs[0]
}

// eval runs code.
func (c *Console) eval(ctx context.Context, text string) (r admin.LineResult, err error) {
	switch {
	case !utf8.ValidString(text):
		return r, errors.New("the code is not valid UTF-8")
	case len(text) > maxText:
		return r, fmt.Errorf("the code is longer than %d bytes", maxText)
	}
	err = c.backend.Post(ctx, "/eval", admin.Line{User: c.opts.User, Text: text, ReadOnly: c.opts.ReadOnly}, &r)
	return r, err
}

// lines returns what code has printed and returned, as a Lua prompt shows it.
func (c *Console) lines(r admin.LineResult) []string {
	texts := r.Printed
	if len(r.Results) > 0 {
		texts = append(texts, strings.Join(r.Results, "\t"))
	}
	return c.clean(texts...)
}

// clean returns the lines of texts.
func (c *Console) clean(texts ...string) (lines []string) {
	for _, text := range texts {
		for line := range strings.SplitSeq(text, "\n") {
			lines = append(lines, c.opts.Clean(line))
		}
	}
	return lines
}

// Run runs code and prints its results. It returns a LineError if the code fails.
func (c *Console) Run(ctx context.Context, text string) error {
	r, err := c.eval(ctx, text)
	if err != nil {
		return err
	}
	for _, line := range c.lines(r) {
		c.opts.Print(line)
	}
	if r.Error != "" {
		return LineError(strings.Join(c.clean(r.Error), "\n"))
	}
	return nil
}

// Script runs the lines of a file, one after the other, also after an error. Code that is
// unfinished at the end of a line continues on the next one.
func (c *Console) Script(ctx context.Context, in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxText)
	failed := false
	text, began := "", 0
	for n := 1; lines.Scan(); n++ {
		if text == "" {
			began = n
		}
		text += lines.Text()
		if len(text) <= maxText && source.Unfinished(text) {
			text += "\n"
			continue
		}
		var wrong LineError
		switch err := c.Run(ctx, text); {
		case errors.As(err, &wrong):
			c.opts.Note(fmt.Sprintf("line %d: %s", began, wrong))
			failed = true
		case err != nil:
			return fmt.Errorf("line %d: %w", began, err)
		}
		text = ""
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("a line is longer than %d bytes", maxText)
	case err != nil:
		return err
	case strings.TrimSpace(text) != "":
		return fmt.Errorf("line %d: the code is unfinished at the end", began)
	case failed:
		return ErrFailed
	}
	return nil
}
