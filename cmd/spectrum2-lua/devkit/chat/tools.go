package chat

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"spectrumlua/runtime/crash"
)

var toolCommands = []*command{
	{
		name: "wire", usage: "/wire on|off|all", run: (*Chat).wire, words: []candidates{wireWords},
		about: "shows frames; all: PING, PONG and STATS too",
	},
	{
		name: "log", usage: "/log on|off|debug", run: (*Chat).log, words: []candidates{logWords},
		about: "shows the log; errors are always shown",
	},
	{
		name: "lua", usage: "/lua EXPRESSION", run: (*Chat).lua,
		about: "evaluates Lua code in the script's VM, with your session as session",
	},
	{name: "reload", usage: "/reload", about: "reloads the script, as saving it does", run: (*Chat).reload},
	{
		name: "wait", usage: "/wait [SECONDS]", run: (*Chat).wait, looksBack: true,
		about: "waits, by default one second",
	},
	{
		name: "expect", usage: "/expect TEXT", run: (*Chat).runExpect, looksBack: true,
		about: "waits up to 10 s for TEXT in a line after the last command",
	},
	{name: "help", usage: "/help [COMMAND]", about: "lists the commands or explains one", run: (*Chat).help, words: []candidates{commandWords}},
	{name: "quit", usage: "/quit", about: "ends the chat: Spectrum sends EXIT", run: (*Chat).runQuit},
}

func (c *Chat) wire(l *call) error {
	word, err := l.choice("mode", "", []string{"on", "off", "all"})
	if err != nil {
		return err
	}
	c.show.wire.Store(word != "off")
	c.show.life.Store(word == "all")
	return l.end()
}

func (c *Chat) log(l *call) error {
	word, err := l.choice("mode", "", []string{"on", "off", "debug"})
	if err != nil {
		return err
	}
	c.show.log.Store(word != "off")
	c.show.debug.Store(word == "debug")
	return l.end()
}

// reload reloads the script. The log shows an error.
func (c *Chat) reload(l *call) error {
	if err := l.end(); err != nil {
		return err
	}
	if c.opts.Script {
		_ = c.run.Load(l.ctx)
		return nil
	}
	go func() { // the user of a terminal need not wait
		defer crash.Guard()
		_ = c.run.Load(l.ctx)
	}()
	return nil
}

// maxWait is the longest /wait.
const maxWait = time.Hour

func (c *Chat) wait(l *call) error {
	if !c.opts.Script {
		return errors.New("/wait works only in a list of commands: a terminal shows each message at once")
	}
	word, err := l.or("1")
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseFloat(word, 64)
	if err != nil || !(seconds >= 0 && seconds <= maxWait.Seconds()) {
		return fmt.Errorf("%q is not a number of seconds up to %v", word, maxWait.Seconds())
	}
	if err := l.end(); err != nil {
		return err
	}
	select {
	case <-time.After(time.Duration(seconds * float64(time.Second))):
		return nil
	case <-c.run.Spectrum.Done():
		return nil
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	}
}

func (c *Chat) runExpect(l *call) error {
	text := l.Rest()
	if text == "" {
		return errUsage
	}
	return c.expect(l.ctx, text)
}

func (c *Chat) help(l *call) error {
	name, ok, err := l.Next()
	if err != nil {
		return err
	}
	if !ok {
		c.helpAll()
		return nil
	}
	cmd, _ := split("/" + trimSlash(name))
	if cmd == nil {
		return unknownCommand(trimSlash(name))
	}
	c.show.line(plainLine, cmd.usage)
	c.show.line(plainLine, "  "+cmd.about+".")
	return l.end()
}

func trimSlash(name string) string {
	if name != "" && name[0] == '/' {
		return name[1:]
	}
	return name
}

func (c *Chat) helpAll() {
	for _, g := range groups {
		c.show.line(plainLine, c.show.paint(boldStyle, g.title))
		for _, cmd := range g.commands {
			c.show.line(plainLine, fmt.Sprintf("  %-40s %s", cmd.usage, cmd.about))
		}
	}
	c.show.line(plainLine, "A line without / goes to your partner, the last one that you wrote to. A line with // sends a text that starts with /.")
}

func (c *Chat) runQuit(l *call) error {
	c.quit = true
	return l.end()
}
