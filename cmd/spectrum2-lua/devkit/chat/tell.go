package chat

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/cmd/spectrum2-lua/devkit/describe"
	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// tell shows events until ctx is done.
func (c *Chat) tell(ctx context.Context) {
	for events := c.feed.take(ctx); events != nil; events = c.feed.take(ctx) {
		for _, e := range events {
			c.tellEvent(e)
		}
	}
}

// finish shows the remaining events after the backend has ended.
func (c *Chat) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	if c.feed.drained(ctx) != nil {
		c.show.line(warningLine, "The last messages are not shown: there are too many.")
	}
	c.release(^uint64(0))
	for _, v := range c.run.Spectrum.Violations() {
		if v.Frame.Bytes == nil { // tellEvent shows the others with their frames
			c.breach(v.Text)
		}
	}
}

// tellEvent shows one event. A line of the log waits for the messages that were sent
// before it, because messages take longer.
func (c *Chat) tellEvent(e event) {
	if e.frame == nil {
		if e.after > c.received() {
			c.held = append(c.held, e)
			return
		}
		c.tellUnsent(e)
		return
	}
	f := *e.frame
	if f.Dropped == "" {
		c.people.note(f)
	}
	c.tellFrame(f)
	if f.Direction == simulator.FromBackend && !isLife(f.Type) {
		c.mu.Lock()
		c.got++
		got := c.got
		c.wake()
		c.mu.Unlock()
		c.release(got)
	}
}

// release shows the lines of the log that follow the first n messages.
func (c *Chat) release(n uint64) {
	for len(c.held) > 0 && c.held[0].after <= n {
		c.tellUnsent(c.held[0])
		c.held = c.held[1:]
	}
}

// tellUnsent shows an event that is not a frame.
func (c *Chat) tellUnsent(e event) {
	switch {
	case e.retry != nil:
		c.tellRetry(*e.retry)
	case e.answer != nil:
		c.tellAnswer(*e.answer)
	default:
		c.tellLog(*e.line)
	}
}

// retry is a login that the backend retries without telling Spectrum.
type retry struct {
	user         string
	disconnected *pb.Disconnected
	next         time.Time
}

// tellRetry shows a retry, with its time unless the output must not depend on time.
func (c *Chat) tellRetry(r retry) {
	when := "after a pause"
	if c.show.times {
		when = "at " + r.next.Format(time.TimeOnly)
	}
	c.put(accountLine, r.user, describe.Retried(r.disconnected, when))
}

func (c *Chat) received() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got
}

// wake wakes goroutines that wait for a line. c.mu is held.
func (c *Chat) wake() {
	if c.news != nil {
		close(c.news)
		c.news = nil
	}
}

// put shows a line and keeps it for /expect.
func (c *Chat) put(kind lineKind, user, text string) {
	if user != "" && user != c.people.speaker() {
		text = "(" + printable(shortName(user)) + ") " + text
	}
	c.show.line(kind, text)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, text)
	c.wake()
}

func (c *Chat) tellFrame(f simulator.Frame) {
	c.show.frame(f)
	if f.Direction == simulator.ToBackend {
		c.tellOwn(f)
		return
	}
	if f.Dropped != "" {
		c.put(warningLine, f.User, "Spectrum drops a message: "+describe.Text(f.Dropped)+".")
		return
	}
	if c.tellLines(f) {
		return
	}
	if line, ok := describe.Frame(f); ok && !c.unasked(f) {
		c.put(kindOf[line.Kind], f.User, line.Text)
	}
	if text := c.people.shownInRoom(f); text != "" {
		c.put(messageLine, f.User, text)
	}
	for _, text := range c.run.Spectrum.Check(f) {
		c.breach(text)
	}
}

// kindOf returns the kind of line for a description.
var kindOf = map[describe.Kind]lineKind{
	describe.Message:  messageLine,
	describe.Contact:  contactLine,
	describe.Room:     roomLine,
	describe.Account:  accountLine,
	describe.Internal: internalLine,
}

// tellOwn shows messages that Spectrum sends without a command.
func (c *Chat) tellOwn(f simulator.Frame) {
	switch m := f.Message.(type) {
	case *pb.Login:
		c.put(accountLine, f.User, "Spectrum logs you in as "+describe.Text(m.GetLegacyName())+".")
	case *pb.Logout:
		c.put(accountLine, f.User, "Spectrum logs you out.")
	}
}

// breach shows a rule that the script broke.
func (c *Chat) breach(text string) {
	c.mu.Lock()
	c.broken++
	c.mu.Unlock()
	c.put(warningLine, "", "With the real Spectrum: "+describe.Text(text))
}

// scriptCategories are the categories of the script's log lines.
var scriptCategories = map[string]bool{"lua": true, "script": true}

// tellLog shows a line of the log. A traceback takes several lines.
func (c *Chat) tellLog(l harness.Line) {
	if l.Level <= logrus.ErrorLevel {
		c.mu.Lock()
		c.errors++
		c.mu.Unlock()
	}
	level := l.Level
	if level == logrus.InfoLevel && !scriptCategories[l.Category] {
		level = logrus.DebugLevel // the program's own lines
	}
	if !c.show.logs(level) {
		return
	}
	kind := logLine
	switch {
	case l.Level <= logrus.ErrorLevel:
		kind = errorLine
	case level == logrus.WarnLevel:
		kind = warnLine
	}
	text := c.shortened(l.Text)
	if level > logrus.InfoLevel {
		text = "debug: " + text
	}
	for _, name := range fieldNames(l.Fields) {
		text += " " + field(name, l.Fields[name])
	}
	for i, line := range strings.Split(text, "\n") {
		line = printable(line)
		if i > 0 {
			line = "  " + line
		}
		c.put(kind, l.User, line)
	}
}

// field returns a field of a log line, with *** for a secret.
func field(name, value string) string {
	if secretPairs.MatchString(name + "=x") {
		value = mask
	}
	return name + "=" + value
}

// ended shows that the backend has ended before the chat.
func (c *Chat) ended(ctx context.Context) {
	select {
	case <-c.run.Spectrum.Done():
	case <-ctx.Done():
	}
	select {
	case <-c.run.Spectrum.Done():
		c.put(warningLine, "", "The backend has ended.")
	default:
	}
}

// shortened removes the script's folder from the paths in a text.
func (c *Chat) shortened(text string) string {
	// A line about a file that is missing keeps the complete path.
	if strings.Contains(text, syscall.ENOENT.Error()) {
		return text
	}
	return strings.ReplaceAll(text, filepath.Dir(c.run.Settings.Script)+string(filepath.Separator), "")
}
