//go:build e2e

package e2e_test

import (
	"bufio"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

//go:embed client.py
var clientDriver string

// A command for client.py: the key "do" and its arguments.
type command map[string]any

// An event is a report of client.py, which explains the keys.
type event struct {
	Event     string
	Reason    string
	Condition string // of a stream error
	Ref       int    // the command's id, in a result
	OK        bool
	Error     *stanzaError

	// A stanza.
	From, To, Type, ID, XML string
	Body, Subject, Thread   string
	HTML, State             string
	HasSubject              bool `json:"has_subject"`
	WantsReceipt            bool `json:"wants_receipt"`
	Received, Stamp         string
	Attention               bool
	Show, Status, Photo     string
	Nickname                string
	MUC                     *mucItem

	// What is in a message about others: their ids, and more. Answer is the text of a reply
	// without the quotation.
	Replace, Reactions, Reply, Retract, Displayed string
	StanzaID                                      string `json:"stanza_id"`
	ReplyTo                                       string `json:"reply_to"`
	Quoted, Answer                                string
	Emoji                                         []string
	File                                          *sharedFile
	Put, Get                                      string // of a slot for an upload

	// The payload of an IQ or of a result.
	Roster     []rosterItem
	Identities []map[string]string
	Features   []string
	Items      []map[string]string
	Fields     map[string]string
	Registered bool
	VCard      *vcard
	Archived   []archived

	at  time.Time
	raw string
}

type sharedFile struct {
	Name, Type string
	Size       int64
}

// archived is a message of an archive.
type archived struct {
	From, ID, Body, Stamp       string
	StanzaID, Moderator, Reason string
	Retracted, Retract          bool
}

type stanzaError struct{ Type, Condition, Text string }

type mucItem struct {
	Codes                                []int
	Affiliation, Role, JID, Nick, Reason string
}

type rosterItem struct {
	JID, Name, Subscription, Ask string
	Groups                       []string
}

type vcard struct {
	Fullname, Nickname string
	PhotoSize          int    `json:"photo_size"`
	PhotoSHA1          string `json:"photo_sha1"`
}

// A client is one XMPP account's connection, driven by the test.
type client struct {
	bed     *bed
	name    string
	jid     string // bare
	process *process
	stdin   io.WriteCloser

	mu     sync.Mutex
	news   chan struct{} // closed and replaced at each event
	events []event
	nextID int
	from   int // the first event that wait considers
}

// client connects an XMPP account and waits for its login.
func (b *bed) client(user string) *client {
	b.t.Helper()
	return b.clientAt(user, "")
}

// clientAt is like client, with a resource; if that is empty, the server chooses one.
func (b *bed) clientAt(user, resource string) *client {
	b.t.Helper()
	name, domain := b.account(user)
	c := b.driver(strings.TrimSuffix(name+"-"+resource, "-"), name+"@"+domain)
	jid := strings.TrimSuffix(c.jid+"/"+resource, "/")
	connect := command{"do": "connect", "jid": jid, "password": cmp.Or(b.password, password), "host": "127.0.0.1", "port": b.xmppPort}
	if b.certificate != "" {
		connect["certificate"] = b.certificate
	}
	c.do(connect)
	c.wait("logs in", func(e event) bool { return e.Event == "connected" })
	return c
}

// driver starts a client without connecting it.
func (b *bed) driver(user, jid string) *client {
	b.t.Helper()
	b.write("client.py", clientDriver)
	cmd := b.command("python3", b.inside("client.py"))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	stdout, writer := io.Pipe()
	cmd.Stdout = writer
	log, err := os.OpenFile(b.path("client-"+user+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stderr = log
	c := &client{bed: b, name: user, jid: jid, stdin: stdin, news: make(chan struct{})}
	c.process = b.launch("client of "+user, cmd)
	go func() {
		<-c.process.done
		writer.Close()
	}()
	go c.read(stdout)
	b.clients = append(b.clients, c)
	return c
}

func (c *client) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		e := event{at: time.Now(), raw: lines.Text()}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			e.Event, e.Reason = "garbage", err.Error()
		}
		c.add(e)
	}
	c.add(event{at: time.Now(), Event: "driver ended", raw: fmt.Sprint(lines.Err())})
}

func (c *client) add(e event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
	close(c.news)
	c.news = make(chan struct{})
}

// step begins a new step of the scenario: wait considers only later events. The words
// appear in the transcript.
func (c *client) step(format string, args ...any) {
	c.mu.Lock()
	c.from = len(c.events)
	c.mu.Unlock()
	c.add(event{at: time.Now(), Event: "step", raw: fmt.Sprintf(format, args...)})
}

// send sends a command to the client and does not wait for its result.
func (c *client) send(cmd command) int {
	c.bed.t.Helper()
	c.mu.Lock()
	c.nextID++
	id := c.nextID
	c.mu.Unlock()
	cmd["id"] = id
	line, err := json.Marshal(cmd)
	if err != nil {
		c.bed.t.Fatal(err)
	}
	c.add(event{at: time.Now(), Event: "command", raw: string(line)})
	if _, err := c.stdin.Write(append(line, '\n')); err != nil {
		c.bed.t.Fatalf("%s's client: %v", c.name, err)
	}
	return id
}

// try sends a command and returns its result, which may be an error.
func (c *client) try(cmd command) event {
	c.bed.t.Helper()
	id := c.send(cmd)
	return c.waitFrom(0, fmt.Sprintf("the result of %v", cmd["do"]), func(e event) bool {
		return e.Event == "result" && e.Ref == id
	})
}

// do sends a command that must succeed.
func (c *client) do(cmd command) event {
	c.bed.t.Helper()
	result := c.try(cmd)
	if !result.OK {
		c.bed.t.Fatalf("%s: %v: %+v", c.name, cmd["do"], result.Error)
	}
	return result
}

// wait returns the first event of this step that matches. It may have happened already.
func (c *client) wait(what string, match func(event) bool) event {
	c.bed.t.Helper()
	c.mu.Lock()
	from := c.from
	c.mu.Unlock()
	return c.waitFrom(from, what, match)
}

func (c *client) waitFrom(from int, what string, match func(event) bool) event {
	c.bed.t.Helper()
	timeout := time.After(c.bed.patience)
	for at := from; ; {
		c.mu.Lock()
		events, news := c.events, c.news
		c.mu.Unlock()
		for ; at < len(events); at++ {
			if match(events[at]) {
				return events[at]
			}
			if events[at].Event == "driver ended" {
				c.bed.t.Fatalf("%s: %s: the driver has ended", c.name, what)
			}
		}
		select {
		case <-news:
		case <-timeout:
			c.bed.unmet("%s: timed out after %v: %s", c.name, c.bed.patience, what)
		}
	}
}

// seen returns the events of this step that match.
func (c *client) seen(match func(event) bool) []event {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []event
	for _, e := range c.events[c.from:] {
		if match(e) {
			found = append(found, e)
		}
	}
	return found
}

// stop stops the client.
func (c *client) stop() {
	_ = c.stdin.Close()
	select {
	case <-c.process.done:
	case <-time.After(5 * time.Second):
		_, _ = c.process.stop(time.Second)
	}
	if c.bed.t.Failed() {
		c.bed.t.Logf("---- what %s did and saw\n%s", c.name, c.transcript())
	}
}

// transcript returns the client's events, one a line.
func (c *client) transcript() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s strings.Builder
	for _, e := range c.events {
		mark, text := "<", e.raw
		switch e.Event {
		case "step":
			mark = "==="
		case "command":
			mark = ">"
		case "message", "presence", "iq":
			text = e.XML
		}
		if len(text) > 500 {
			text = text[:500] + "…"
		}
		fmt.Fprintf(&s, "%7.3f %s %s %s\n", e.at.Sub(c.bed.begin).Seconds(), c.name, mark, text)
	}
	return s.String()
}
