package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"spectrumlua/cmd/spectrum2-lua/devkit/prompt"
	"spectrumlua/luabind/source"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/secret"
)

// more is the prompt of the lines after the first one.
const more = ">> "

// Interact reads code at a prompt and runs it, until the user ends it or ctx is done.
func (c *Console) Interact(ctx context.Context, p *prompt.Prompt) error {
	defer context.AfterFunc(ctx, p.Quit)()
	p.Print(fmt.Sprintf("Lua in process %d. Tab completes, Ctrl-C cancels a line, Ctrl-D ends the console.", c.pid))
	if c.opts.ReadOnly {
		p.Print("The console is read-only.")
	}
	for {
		text, err := c.read(p)
		switch {
		case errors.Is(err, prompt.ErrInterrupt):
		case ctx.Err() != nil, errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading a line: %w", err)
		case strings.TrimSpace(text) != "":
			c.act(ctx, p, text)
		}
	}
}

// read reads lines until they are code that is finished.
func (c *Console) read(p *prompt.Prompt) (string, error) {
	name := "lua"
	if c.opts.User != "" {
		name = c.opts.Clean(c.opts.User)
	}
	next, text := name+"> ", ""
	for {
		line, err := p.ReadLine(next)
		if err != nil {
			return "", err
		}
		if len([]rune(line)) >= prompt.MaxLine {
			p.Print(fmt.Sprintf("a line of the prompt has %d characters at most: use several lines, or standard input", prompt.MaxLine-1))
			return "", prompt.ErrInterrupt
		}
		text += line
		if len(text) > maxText || !source.Unfinished(text) {
			return text, nil
		}
		text += "\n"
		next = more
	}
}

// act runs code and shows what happens.
func (c *Console) act(ctx context.Context, p *prompt.Prompt, text string) {
	masked := secret.Code(text)
	defer func() {
		for line := range strings.SplitSeq(masked, "\n") {
			p.Remember(line)
		}
	}()
	if c.backend == nil && !c.reconnect(ctx, p) {
		return
	}
	r, err := c.interruptible(ctx, p, text)
	switch {
	case errors.Is(err, context.Canceled):
		p.Print("cancelled")
	case errors.Is(err, admin.ErrEnded):
		p.Print(fmt.Sprintf("%v: the line has not run, or not to its end", err))
		c.Close()
		c.reconnect(ctx, p)
	case err != nil:
		c.show(p, c.clean(err.Error()))
	default:
		masked = r.Masked
		c.show(p, c.lines(r))
		if r.Error != "" {
			c.show(p, c.clean(r.Error))
		}
	}
}

func (c *Console) show(p *prompt.Prompt, lines []string) {
	for _, line := range lines {
		p.Print(line)
	}
}

// interruptible runs code until it has ended, or the user presses Ctrl-C.
func (c *Console) interruptible(ctx context.Context, p *prompt.Prompt, text string) (r admin.LineResult, err error) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	waiting, ended := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer crash.Guard()
		defer close(done)
		defer ended()
		r, err = c.eval(running, text)
	}()
	if p.AwaitInterrupt(waiting) {
		cancel()
	}
	<-done
	return r, err
}

// reconnect connects to the process that runs instead of one that has ended.
func (c *Console) reconnect(ctx context.Context, p *prompt.Prompt) bool {
	if err := c.connect(ctx); err != nil {
		c.show(p, c.clean(err.Error()))
		return false
	}
	p.Print(fmt.Sprintf("now in process %d", c.pid))
	return true
}
