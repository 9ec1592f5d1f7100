// Package chat connects a person at a console to a script, as its XMPP user. It
// needs no Spectrum and no XMPP server. It translates commands into the messages of
// Spectrum, and the script's messages into plain words.
//
// The console is a terminal, or a list of commands. The transcript of a list is the
// same on each run.
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
	"spectrumlua/pb"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/words"
)

// pingInterval is the time between two PINGs.
const pingInterval = 20 * time.Second

// settleTimeout limits how long a list of commands waits for the effects of a
// command, and promptDelay how long the prompt of a terminal waits.
const (
	settleTimeout = 10 * time.Second
	promptDelay   = 100 * time.Millisecond
)

// Console reads commands and shows lines. Print must be safe for concurrent use. The
// other methods are called from one goroutine at a time.
type Console interface {
	// ReadLine returns the next line, or io.EOF at the end.
	ReadLine(prompt string) (string, error)
	// ReadPassword is like ReadLine, but does not show the line.
	ReadPassword(prompt string) (string, error)
	// Print shows a line.
	Print(line string)
}

// Options are the options of New. Console is required. Stage's Path, Companion,
// Settings, WorkingDir and Record count; chat sets the other fields.
type Options struct {
	Stage   harness.Options
	Console Console
	// Script makes each command wait until the script has handled it, and hides
	// the times, so that the transcript is the same on each run.
	Script bool
	// Colour colours lines with ANSI sequences.
	Colour bool
	// Wire shows the frames from the start.
	Wire bool
	// User is the first user; default: alice@localhost.
	User string
	// Password is used by a login without a password; default: "secret".
	Password string
	// ExpectTimeout is how long /expect waits; default: 10 s.
	ExpectTimeout time.Duration
}

// Chat is one session at a console. Run and Complete may be called concurrently.
type Chat struct {
	opts   Options
	run    *harness.Harness
	sender atomic.Pointer[harness.Harness] // counts messages until run is set
	people *people
	feed   *feed
	show   show

	held []event // lines of the log that wait for the messages before them

	// Used by the goroutine of Run alone.
	receipts bool
	asked    sync.Map // ids of messages for which the client requests a receipt
	vcards   int32
	ids      int
	quit     bool

	mu     sync.Mutex
	told   []string      // lines shown since the last command
	news   chan struct{} // closed when something is shown; nil if nobody waits
	got    uint64        // messages of the backend that were shown
	wrong  int           // commands that failed
	errors int           // errors that the script logged
	broken int           // rules of Spectrum that the backend broke
}

// New returns a chat. Run starts it.
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

// Run chats until the console ends or the user quits. It returns an error if the
// backend does not start or ends early. With Options.Script it returns a
// *TroubleError if a command fails. Run must be called once.
func (c *Chat) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := c.open(ctx); err != nil {
		return err
	}
	var telling sync.WaitGroup
	showing, shown := context.WithCancel(context.WithoutCancel(ctx)) // shows the end even if ctx is done
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
	o.OnRetry = func(user string, d *pb.Disconnected, pause time.Duration) {
		c.feed.add(event{retry: &retry{user, d, time.Now().Add(pause)}, after: c.sent()})
	}
	o.Spectrum.Trace = func(f simulator.Frame) { c.feed.add(event{frame: &f}) }
	o.Spectrum.Manners = simulator.SpectrumManners()
	o.Spectrum.Manners.ExitIdle = false
	o.Spectrum.Manners.PingInterval = pingInterval
	if c.opts.Script { // a transcript must not depend on time
		o.Spectrum.Manners.PingInterval = 0
	}
	o.Spectrum.Gateway = true
	c.run, err = harness.Open(ctx, o)
	c.sender.Store(c.run)
	return err
}

// sent returns the number of messages that the script sent before a log line.
func (c *Chat) sent() uint64 {
	if s := c.sender.Load(); s != nil {
		return s.Sent()
	}
	return 0
}

// converse reads and runs commands until the console ends.
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

// readLine returns the next command, or an error when ctx is done. Nothing can
// interrupt the console, so the goroutine that reads then remains until a line comes.
func (c *Chat) readLine(ctx context.Context) (line string, err error) {
	read, text := make(chan struct{}), c.prompt()
	var got string
	var why error
	go func() {
		defer crash.Guard()
		if c.people.me().question.GetSecret() {
			got, why = c.opts.Console.ReadPassword(text)
			if c.opts.Script && why == nil {
				c.opts.Console.Print(text + mask)
			}
		} else {
			got, why = c.opts.Console.ReadLine(text)
		}
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
	c.show.line(plainLine, "You are "+c.people.speaker()+", a user of "+c.run.Settings.Script+".")
	c.show.line(plainLine, "/login goes online, /help lists the commands, Tab completes, Ctrl-D quits.")
}

// prompt returns the prompt, which names the user and the partner.
func (c *Chat) prompt() string {
	me := c.people.me()
	text := shortName(me.jid)
	switch {
	case me.question != nil:
		text += " → the transport"
	case me.partner != "":
		text += " → " + me.partner
	}
	return c.show.paint(boldStyle, printable(text)+">") + " "
}

// obey runs one line.
func (c *Chat) obey(ctx context.Context, line string) error {
	line = strings.TrimRight(line, "\r\n")
	trimmed := strings.TrimSpace(line)
	if trimmed == "" || c.opts.Script && strings.HasPrefix(trimmed, "#") {
		return nil
	}
	text, isCommand := strings.CutPrefix(trimmed, "/")
	switch {
	case !isCommand && c.people.me().question != nil:
		c.forget()
		return c.answerWith(trimmed)
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
	err := cmd.run(c, &call{ctx: ctx, command: cmd, Line: words.In(rest)})
	if errors.Is(err, errUsage) {
		return fmt.Errorf("usage: %s", cmd.usage)
	}
	return err
}

// settle waits until all effects of a command are shown. At a terminal it waits only
// a moment, so that answers stand above the next prompt.
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
		c.show.line(warningLine, fmt.Sprintf("The script did not become idle within %v.", patience))
	}
}
