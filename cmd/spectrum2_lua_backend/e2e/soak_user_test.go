//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// A soakUser connects and leaves again and again, and writes to a contact that repeats each
// message, and to a room.
type soakUser struct {
	soak  *gatewaySoak
	name  string
	stays bool // the user stays connected while they are offline

	online  atomic.Bool  // the transport is available in this connection
	friends atomic.Bool  // the contact has accepted a subscription
	refusal atomic.Value // the answer to the registration, if it is an error: a string
	c       *lightClient
	sending sync.Mutex // of c

	mu   sync.Mutex
	sent map[int]*soakMessage
	next int
}

// A soakMessage is a message of a user to the contact.
type soakMessage struct {
	at      time.Time
	took    time.Duration // until the last answer
	echoes  int
	bounced bool // the server or the transport has returned it with an error
}

// connect logs in at the server, and waits until the transport is online.
func (u *soakUser) connect(ctx context.Context) bool {
	for ctx.Err() == nil {
		u.online.Store(false)
		c, err := connectLight(ctx, u.soak.bed.xmppPort, u.name, "r"+strconv.Itoa(rand.IntN(3)), u.handle)
		if err != nil { // the server restarts
			sleep(ctx, 200*time.Millisecond)
			continue
		}
		u.sending.Lock()
		u.c = c
		u.sending.Unlock()
		u.soak.logins.Add(1)
		if u.send("<presence/>") && u.waits(ctx, c, &u.online) {
			return true
		}
		if c.alive() && ctx.Err() == nil {
			u.soak.deaf.Add(1)
		}
		c.leave()
	}
	return false
}

// waits waits for a state, and reports whether the user has it.
func (u *soakUser) waits(ctx context.Context, c *lightClient, state *atomic.Bool) bool {
	for limit := time.Now().Add(crowdPatience); ctx.Err() == nil && c.alive() && time.Now().Before(limit); {
		if state.Load() {
			return true
		}
		sleep(ctx, 20*time.Millisecond)
	}
	return state.Load() && c.alive()
}

func (u *soakUser) send(text string) bool {
	u.sending.Lock()
	defer u.sending.Unlock()
	return u.c.send(text) == nil
}

// prepare registers the user and accepts the contact.
func (u *soakUser) prepare(ctx context.Context) error {
	c, err := connectLight(ctx, u.soak.bed.xmppPort, u.name, "setup", u.handle)
	if err != nil {
		return err
	}
	u.c = c
	jid := u.soak.bed.jid
	u.send(`<presence/><iq type="set" id="register" to="` + jid + `"><query xmlns="jabber:iq:register"><username>` +
		u.name + `</username><password>pw</password></query></iq>`)
	ok := u.waits(ctx, c, &u.online) && u.waits(ctx, c, &u.friends)
	if !ok {
		refusal, _ := u.refusal.Load().(string)
		return fmt.Errorf("%s: online %v, contact %v, refusal %q\n%s", u.name, u.online.Load(), u.friends.Load(), refusal, u.logged())
	}
	if u.stays {
		u.send(`<iq type="set" id="stay" to="` + jid + `"><command xmlns="http://jabber.org/protocol/commands" node="settings" action="execute">` +
			`<x xmlns="jabber:x:data" type="submit"><field var="stay_connected"><value>1</value></field></x></command></iq>`)
	}
	c.leave()
	return nil
}

// logged returns what the logs say about the user.
func (u *soakUser) logged() string {
	var lines []string
	for _, name := range []string{"backend-1.log", "prosody.log"} {
		for line := range strings.Lines(u.soak.bed.log(name)) {
			if strings.Contains(line, u.name+"@") {
				lines = append(lines, line)
			}
		}
	}
	return strings.Join(lines[max(0, len(lines)-100):], "")
}

// live connects and leaves until ctx is done. Then it connects once more, so that the server
// delivers what it has kept.
func (u *soakUser) live(ctx, end context.Context) {
	for ctx.Err() == nil && u.connect(ctx) {
		u.visit(ctx, end)
		sleep(ctx, rand.N(3*time.Second))
	}
	if u.connect(end) {
		u.settle(end, 30*time.Second)
		u.c.leave()
	}
}

// visit writes for some seconds, or until ctx is done. Then the user waits for the answers and
// leaves in order: an answer to a user who has gone offline is lost, as with Spectrum.
func (u *soakUser) visit(ctx, end context.Context) {
	c, room := u.c, u.soak.bed.room()+"/"+u.name
	u.send(`<presence to="` + room + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	for until := time.Now().Add(5*time.Second + rand.N(20*time.Second)); time.Now().Before(until) && c.alive() && ctx.Err() == nil; {
		u.write()
		if rand.IntN(4) == 0 {
			u.send(`<message type="groupchat" to="` + u.soak.bed.room() + `"><body>hello</body></message>`)
		}
		if rand.IntN(10) == 0 {
			u.send(`<presence><show>` + []string{"away", "dnd", "xa"}[rand.IntN(3)] + `</show></presence>`)
		}
		sleep(ctx, 500*time.Millisecond+rand.N(time.Second))
	}
	u.settle(end, 10*time.Second)
	c.leave()
}

// settle waits until no message is on its way, for some time at most. A message that is older
// than that is lost.
func (u *soakUser) settle(ctx context.Context, most time.Duration) {
	for limit := time.Now().Add(most); u.c.alive() && ctx.Err() == nil && time.Now().Before(limit) && u.waiting(most); {
		sleep(ctx, 20*time.Millisecond)
	}
}

// waiting reports whether an answer to a message of the last time is missing.
func (u *soakUser) waiting(last time.Duration) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, m := range u.sent {
		if m.echoes == 0 && !m.bounced && time.Since(m.at) < last {
			return true
		}
	}
	return false
}

func (u *soakUser) write() {
	u.mu.Lock()
	u.next++
	n := u.next
	u.sent[n] = &soakMessage{at: time.Now()}
	u.mu.Unlock()
	u.send(fmt.Sprintf(`<message type="chat" id="%d" to="%s"><body>%d</body></message>`, n, u.soak.bed.contact("echo"), n))
}

// handle handles a stanza of the server.
func (u *soakUser) handle(n *xmltree.Node) {
	from, typ := bare(n.Get("from")), n.Get("type")
	jid := u.soak.bed.jid
	switch {
	case n.Name == "presence":
		u.presence(from, typ)
	case n.Name == "iq" && (typ == "get" || typ == "set"):
		u.send(`<iq type="error" id="` + n.Get("id") + `" to="` + n.Get("from") + `"><error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>`)
	case n.Name == "iq" && typ == "error":
		u.refusal.Store(n.Get("id") + ": " + stanza.ErrorOf(n).Text)
	case n.Name == "message" && typ == "error":
		number, _ := strconv.Atoi(n.Get("id"))
		u.note(number, func(m *soakMessage) { m.bounced = true })
	case n.Name == "message" && from == u.soak.bed.contact("echo"):
		number, _ := strconv.Atoi(stanza.ChildText(n, "jabber:client", "body"))
		u.note(number, func(m *soakMessage) {
			m.echoes++
			m.took = time.Since(m.at)
			u.soak.echoed(m.at)
		})
	case n.Name == "message" && typ == "groupchat" && strings.HasSuffix(from, "@"+jid) && stanza.ChildText(n, "jabber:client", "body") != "":
		u.soak.heard.Add(1)
	}
}

func (u *soakUser) presence(from, typ string) {
	jid := u.soak.bed.jid
	if from != jid && !strings.HasSuffix(from, "@"+jid) {
		return
	}
	u.soak.presences.Add(1)
	switch typ {
	case "":
		if from == jid {
			u.online.Store(true)
		}
	case "subscribe":
		u.soak.requests.Add(1)
		u.send(`<presence type="subscribed" to="` + from + `"/>`)
		if from != jid {
			u.send(`<presence type="subscribe" to="` + from + `"/>`)
		}
	case "subscribed":
		if from != jid {
			u.friends.Store(true)
		}
	}
}

func (u *soakUser) note(number int, do func(m *soakMessage)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if m := u.sent[number]; m != nil {
		do(m)
	}
}

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
