// Package chat lets somebody be the XMPP user of a script, with no Spectrum and
// no XMPP server: what he types becomes the messages that Spectrum would send,
// and what the script sends is told in plain words.
//
// It works at a terminal and on a list of commands, of which a transcript comes
// out that is the same each time.
package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/runtime/crash"
)

// pingInterval is how often Spectrum sends PING while somebody chats.
const pingInterval = 20 * time.Second

// settleTimeout is how long a script of commands waits for what it has set off,
// and promptDelay how long a person does.
const (
	settleTimeout = 10 * time.Second
	promptDelay   = 100 * time.Millisecond
)

// Console is where lines come from and go to. Print may be called from any
// goroutine, the rest from one at a time.
type Console interface {
	// ReadLine returns the next line, or io.EOF at the end.
	ReadLine(prompt string) (string, error)
	// ReadPassword is ReadLine for a line that is not shown.
	ReadPassword(prompt string) (string, error)
	// Print shows a line.
	Print(line string)
}

// Options say how a Chat is held. Console must be given; Path, Companion,
// Settings and WorkingDir are those of harness.Options.
type Options struct {
	Stage   harness.Options
	Console Console
	// Script has each command wait until the script has dealt with it, and shows
	// no times: the transcript is the same each time.
	Script bool
	// Colour has lines coloured by ANSI sequences.
	Colour bool
	// Wire shows the frames from the beginning.
	Wire bool
	// User is who speaks first; default: alice@localhost.
	User string
	// Password is what he logs in with who gives none; default: "secret".
	Password string
	// ExpectTimeout is how long /expect waits; default: 10 s.
	ExpectTimeout time.Duration
}

// Chat is one session at a console. Run and Complete may be called beside each
// other.
type Chat struct {
	opts   Options
	run    *harness.Harness
	sender atomic.Pointer[harness.Harness] // for the log, which speaks before stage is there
	people *people
	feed   *feed
	show   show

	held []event // lines of the log that wait for the messages before them

	// Used by the goroutine of Run alone.
	receipts bool
	vcards   int32
	ids      int
	quit     bool

	mu     sync.Mutex
	told   []string      // what was shown since the last command
	news   chan struct{} // closed when something is shown; nil if nobody waits
	got    uint64        // messages from the backend that were shown
	wrong  int           // commands that failed
	errors int           // that the script logged
	broken int           // rules of Spectrum's
}

// New makes a chat; Run begins it.
func New(o Options) *Chat {
	if o.User == "" {
		o.User = "alice"
	}
	if o.ExpectTimeout <= 0 {
		o.ExpectTimeout = 10 * time.Second
	}
	c := &Chat{opts: o, people: newPeople(fullJID(o.User)), feed: newFeed()}
	if o.Password != "" {
		c.people.change(func(u *user) { u.password = o.Password })
	}
	c.show = show{console: o.Console, colour: o.Colour, times: !o.Script}
	c.show.wire.Store(o.Wire)
	c.show.log.Store(true)
	return c
}

// Run holds the chat until the console ends or the user quits. An error is that
// the backend could not be started or has ended, or in a Script what went wrong
// in it, as a *TroubleError. It is called once.
func (c *Chat) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := c.open(ctx); err != nil {
		return err
	}
	var telling sync.WaitGroup
	showing, shown := context.WithCancel(context.WithoutCancel(ctx)) // the end too, if ctx is done
	telling.Go(func() {
		defer crash.Guard()
		c.tell(showing)
	})
	conversing, over := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { c.ended(conversing) })
	err := c.converse(ctx)
	over()
	watching.Wait()
	ended := c.run.Close()
	c.finish()
	shown()
	telling.Wait()
	return errors.Join(err, ended, c.trouble())
}

// open starts the backend.
func (c *Chat) open(ctx context.Context) (err error) {
	o := c.opts.Stage
	o.Reload = true
	o.Log = func(l harness.Line) { c.feed.add(event{line: &l, after: c.sent()}) }
	o.Spectrum.Trace = func(f simulator.Frame) { c.feed.add(event{frame: &f}) }
	o.Spectrum.Manners = simulator.SpectrumManners()
	o.Spectrum.Manners.ExitIdle = false
	o.Spectrum.Manners.PingInterval = pingInterval
	if c.opts.Script { // where nothing happens of itself
		o.Spectrum.Manners.PingInterval = 0
	}
	c.run, err = harness.Open(ctx, o)
	c.sender.Store(c.run)
	return err
}

// sent is what a line of the log comes after.
func (c *Chat) sent() uint64 {
	if s := c.sender.Load(); s != nil {
		return s.Sent()
	}
	return 0
}

// converse reads commands until there are no more.
func (c *Chat) converse(ctx context.Context) error {
	c.settle(ctx)
	if !c.opts.Script {
		c.welcome()
	}
	for ctx.Err() == nil && !c.quit {
		line, err := c.readLine(ctx)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading commands: %w", err)
		}
		err = c.obey(ctx, line)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			c.mu.Lock()
			c.wrong++
			c.mu.Unlock()
			c.show.line(wrongLine, err.Error())
		}
		c.settle(ctx)
		select {
		case <-c.run.Spectrum.Done():
			return errors.New("the backend has ended")
		default:
		}
	}
	if c.quit {
		return nil
	}
	return context.Cause(ctx)
}

// readLine waits for a command until ctx is done. What reads goes on until there is
// a line: nothing can stop it, and nobody waits for it any more.
func (c *Chat) readLine(ctx context.Context) (line string, err error) {
	read, text := make(chan struct{}), c.prompt()
	var got string
	var why error
	go func() {
		defer crash.Guard()
		got, why = c.opts.Console.ReadLine(text)
		close(read)
	}()
	select {
	case <-read:
		return got, why
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (c *Chat) welcome() {
	c.show.line(plainLine, "You are "+c.people.speaker()+", and Spectrum is played to "+c.run.Settings.Script+".")
	c.show.line(plainLine, "/login goes online, /help lists the commands, Tab completes, Ctrl-D ends it.")
}

// prompt says who speaks, and to whom.
func (c *Chat) prompt() string {
	me := c.people.me()
	text := shortName(me.jid)
	if me.partner != "" {
		text += " → " + me.partner
	}
	return c.show.paint(boldStyle, printable(text)+">") + " "
}

// obey carries out one line.
func (c *Chat) obey(ctx context.Context, line string) error {
	line = strings.TrimRight(line, "\r\n")
	trimmed := strings.TrimSpace(line)
	if trimmed == "" || c.opts.Script && strings.HasPrefix(trimmed, "#") {
		return nil
	}
	text, isCommand := strings.CutPrefix(trimmed, "/")
	switch {
	case !isCommand:
		c.forget()
		return c.say("", line)
	case strings.HasPrefix(text, "/"):
		c.forget()
		return c.say("", text)
	}
	cmd, rest := split(trimmed)
	if cmd == nil {
		return unknownCommand(text)
	}
	if !cmd.looksBack {
		c.forget()
	}
	if err := cmd.possible(c.people.me()); err != nil {
		return err
	}
	err := cmd.run(c, &call{ctx: ctx, command: cmd, words: words{rest}})
	if errors.Is(err, errUsage) {
		return fmt.Errorf("it is written %s", cmd.usage)
	}
	return err
}

// settle waits, in a Script, until all that has been set off is done and told;
// at a terminal for a moment, so that answers stand above the next prompt.
func (c *Chat) settle(ctx context.Context) {
	patience := settleTimeout
	if !c.opts.Script {
		if c.show.life.Load() {
			return // each wait would show a PING
		}
		patience = promptDelay
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := c.rest(limited)
	if c.opts.Script && err != nil && limited.Err() != nil && ctx.Err() == nil {
		c.show.line(warningLine, fmt.Sprintf("The script has not come to rest within %v.", patience))
	}
}
