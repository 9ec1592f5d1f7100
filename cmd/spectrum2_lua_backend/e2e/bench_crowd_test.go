//go:build e2e

package e2e_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the database of both transports

	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// crowdDomain is the domain of the users of a benchmark.
const crowdDomain = "users.localhost"

// A crowd is the load client: all users of a domain, as a component of the XMPP server. For
// transports, that looks like users of another server. One stream for all users keeps the
// client and the XMPP server from limiting what is measured.
type crowd struct {
	*component.Component
	sides map[string]*crowdSide // by the JID of their transport
}

// A crowdSide is the users of one transport. Users have numbers from 0.
type crowdSide struct {
	crowd   *crowd
	bed     *bed
	prefix  string // of the users' nicks
	online  atomic.Int64
	joined  atomic.Int64 // joins of rooms that are complete
	talked  atomic.Int64 // messages of contacts to users
	heard   atomic.Int64 // messages of rooms to users
	answers chan struct{}
	trouble atomic.Pointer[string] // the last error or message of the transport itself

	// next is called after a message of a contact to a user, by the goroutine of the stream.
	next atomic.Pointer[func(user int)]

	mu      sync.Mutex
	present map[int]bool
}

// startCrowd connects the load client of transports. It ends with their test.
func startCrowd(beds []*bed) (*crowd, []*crowdSide) {
	b := beds[0]
	b.t.Helper()
	c := &crowd{sides: map[string]*crowdSide{}}
	var all []*crowdSide
	for i, bed := range beds {
		side := &crowdSide{
			crowd: c, bed: bed, prefix: string(rune('a' + i)),
			answers: make(chan struct{}, 1), present: map[int]bool{},
		}
		c.sides[bed.jid] = side
		all = append(all, side)
	}
	o := b.componentOptions()
	o.JID, o.Address = crowdDomain, net.JoinHostPort("127.0.0.1", strconv.Itoa(b.host().componentPort))
	o.Handle = func(_ context.Context, n *xmltree.Node) { c.handle(n) }
	c.Component = component.New(o)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Run(context.Background())
	}()
	b.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		c.Close(ctx)
		<-done
	})
	b.wait(c.Connected, "the load client is not logged in")
	return c, all
}

// handle handles a stanza of a transport.
func (c *crowd) handle(n *xmltree.Node) {
	from := n.Get("from")
	address, resource, _ := strings.Cut(from, "/")
	domain := address[strings.IndexByte(address, '@')+1:]
	s := c.sides[domain]
	if s == nil {
		return
	}
	ofTransport := address == domain
	switch {
	case n.Name == "iq":
		s.iq(n)
	case n.Get("type") == "error":
		s.complain(n)
	case n.Name == "message":
		s.message(n, ofTransport)
	case ofTransport:
		s.transport(n)
	case resource != "" && n.Get("type") == "" && isSelf(n):
		s.joined.Add(1)
	}
}

func (s *crowdSide) complain(n *xmltree.Node) {
	text := fmt.Sprintf("%s %s from %s to %s: %s %s", n.Name, n.Get("type"), n.Get("from"), n.Get("to"),
		conditionOf(n), stanza.ChildText(n, "", "body"))
	s.trouble.Store(&text)
}

func conditionOf(n *xmltree.Node) stanza.Condition {
	if e := stanza.ErrorOf(n); e != nil {
		return e.Condition
	}
	return ""
}

// isSelf reports whether a presence is that of the user in a room (status code 110).
func isSelf(n *xmltree.Node) bool {
	for _, status := range stanza.Children(stanza.Child(n, stanza.MUCUser, "x")) {
		if status.Name == "status" && status.Get("code") == "110" {
			return true
		}
	}
	return false
}

func (s *crowdSide) message(n *xmltree.Node, ofTransport bool) {
	switch {
	case stanza.Child(n, "", "body") == nil:
	case ofTransport:
		s.complain(n)
	case n.Get("type") == "groupchat":
		s.heard.Add(1)
	default:
		s.talked.Add(1)
		if next := s.next.Load(); next != nil {
			(*next)(s.number(n.Get("to")))
		}
	}
}

// transport handles the presence of the transport.
func (s *crowdSide) transport(n *xmltree.Node) {
	switch typ := n.Get("type"); typ {
	case "", "unavailable":
		user, online := s.number(n.Get("to")), typ == ""
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.present[user] == online {
			return
		}
		s.present[user] = online
		if online {
			s.online.Add(1)
		} else {
			s.online.Add(-1)
		}
	case "subscribe":
		s.send(stanza.Presence(n.Get("to"), s.bed.jid, "subscribed"))
	}
}

func (s *crowdSide) iq(n *xmltree.Node) {
	switch id := n.Get("id"); n.Get("type") {
	case "result", "error":
		if strings.HasPrefix(id, "ask-") {
			select {
			case s.answers <- struct{}{}:
			default:
			}
		}
	case "get":
		// Spectrum asks each client what it supports before it logs in the user.
		query := stanza.Element("http://jabber.org/protocol/disco#info", "query", nil)
		s.send(stanza.Result(n, query))
	}
}

func (s *crowdSide) send(n *xmltree.Node) {
	if err := s.crowd.SendNode(n); err != nil {
		text := err.Error()
		s.trouble.Store(&text)
	}
}

// number returns the number of a user from a JID.
func (s *crowdSide) number(jid string) int {
	local, _, _ := strings.Cut(jid, "@")
	n, err := strconv.Atoi(strings.TrimPrefix(local, s.prefix))
	if err != nil {
		return -1
	}
	return n
}

func (s *crowdSide) nick(user int) string   { return s.prefix + strconv.Itoa(user) }
func (s *crowdSide) client(user int) string { return s.nick(user) + "@" + crowdDomain + "/bench" }

// await waits until a counter reaches want.
func (s *crowdSide) await(what string, count *atomic.Int64, want int64) {
	s.bed.t.Helper()
	const most = 5 * time.Minute
	for end := time.Now().Add(most); count.Load() != want; time.Sleep(time.Millisecond) {
		if s.bed.spectrum.ended() || time.Now().After(end) {
			trouble := "no error"
			if p := s.trouble.Load(); p != nil {
				trouble = *p
			}
			s.bed.t.Fatalf("%s: %d of %d %s; ended %v; last trouble: %s",
				s.bed.name(), count.Load(), want, what, s.bed.spectrum.ended(), trouble)
		}
	}
}

// arrived waits until so many users are online, or nothing has changed for a while because some
// logins have failed. It returns how many are online.
func (s *crowdSide) arrived(want int64, idle time.Duration) int64 {
	return rises(&s.online, want, idle)
}

// rises waits until a count is as wanted, or has not changed for a while. It returns the count.
func rises(count *atomic.Int64, want int64, idle time.Duration) int64 {
	last, since := count.Load(), time.Now()
	for last != want && time.Since(since) < idle {
		time.Sleep(time.Millisecond)
		if now := count.Load(); now != last {
			last, since = now, time.Now()
		}
	}
	return last
}

// register registers users in the database of the transport. A registration by each client
// would wait for the disk several times, and is not measured.
func (s *crowdSide) register(from, to int) {
	t := s.bed.t
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.bed.path("spectrum.sqlite")+"?_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for user := from; user < to; user++ {
		_, err := tx.Exec("INSERT INTO users (jid, uin, password, language, encoding, last_login) VALUES (?, ?, 'pw', 'en', 'utf8', '2026-01-01 00:00:00')",
			s.nick(user)+"@"+crowdDomain, s.nick(user))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// enter logs users in, some at a time: the queue of ngIRCd's listening socket holds ten
// connections, and a client that finds it full retries after a second.
func (s *crowdSide) enter(from, to int) {
	s.bed.t.Helper()
	const together = 8
	for ; from < to; from += together {
		end := min(from+together, to)
		s.appear(from, end)
		s.await("users online", &s.online, int64(end))
	}
}

// appear sends the presence of users at once.
func (s *crowdSide) appear(from, to int) {
	for user := from; user < to; user++ {
		s.send(stanza.Presence(s.client(user), s.bed.jid, ""))
	}
}

// leave logs users out.
func (s *crowdSide) leave(from, to int) {
	s.bed.t.Helper()
	for user := from; user < to; user++ {
		s.send(stanza.Presence(s.client(user), s.bed.jid, "unavailable"))
	}
	s.await("users online", &s.online, int64(from))
}

// forget notes that no user is online. Their transport has ended.
func (s *crowdSide) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.present = map[int]bool{}
	s.online.Store(0)
}

// join makes users join a room. It returns how many are in it when all of them are, or when
// nothing has changed for a while because some joins have failed.
func (s *crowdSide) join(room string, from, to int) (joined int) {
	before := s.joined.Load()
	for user := from; user < to; user++ {
		s.send(stanza.Presence(s.client(user), room+"@"+s.bed.jid+"/"+s.nick(user), "",
			stanza.Element(stanza.MUC, "x", nil)))
	}
	return int(rises(&s.joined, before+int64(to-from), patience) - before)
}

// say sends a message of a user to the next one, through the network and back.
func (s *crowdSide) say(user, of int, text string) {
	s.send(stanza.Message(s.client(user), s.nick((user+1)%of)+"@"+s.bed.jid, "chat", stanza.Text("", "body", text)))
}

// ask asks the transport what it is, and returns the time until the answer.
func (s *crowdSide) ask(id int) time.Duration {
	begin := time.Now()
	s.send(stanza.IQ(s.client(0), s.bed.jid, "get", "ask-"+strconv.Itoa(id),
		stanza.Element("http://jabber.org/protocol/disco#info", "query", nil)))
	select {
	case <-s.answers:
	case <-time.After(patience):
		s.bed.t.Errorf("%s: no answer to a question within %v", s.bed.name(), patience)
	}
	return time.Since(begin)
}
