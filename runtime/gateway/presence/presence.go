// Package presence logs users in and out. It handles the presence of users toward the
// transport, and CONNECTED and DISCONNECTED of the script.
package presence

import (
	"errors"
	"strconv"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/accounts"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "presence",
		Stanzas: []router.Route{
			{Kind: "presence", Type: "", To: router.Transport, Handle: available},
			{Kind: "presence", Type: "unavailable", To: router.Transport, Handle: unavailable},
			{Kind: "presence", Type: "probe", To: router.Transport, Handle: probe},
			{Kind: "presence", Type: "subscribe", To: router.Transport, Handle: subscribe},
			{Kind: "presence", Type: "unsubscribe", To: router.Transport, Handle: Deny},
			{Kind: "presence", Type: "error", To: router.Transport, Handle: bounced},
		},
		Payloads: []router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_CONNECTED, router.Any, connected),
			router.On(pb.WrapperMessage_TYPE_DISCONNECTED, router.Any, disconnected),
		},
		Hooks: router.Hooks{
			Stream: streamOpened, Unreachable: start, Database: databaseReturned,
			Script: renew, Configured: configured, Logout: forget, Unregister: unregister,
		},
	}
}

// available handles a client that is available or changes its status.
func available(u *router.User, s *router.Stanza) {
	now := clientOf(s, u.Router().Clock.Now())
	if u.State == router.Offline {
		if !waits(u, now) {
			u.Clients = append(u.Clients, now)
			Login(u)
		}
		return
	}
	before := best(u)
	known := u.Clients.Find(now.JID)
	if known != nil && returned(u, s, known) {
		u.Clients.Remove(known.JID)
		u.ClientHooks(known, func(h *router.Hooks) func(*router.User, *router.Client) { return h.Gone })
		known = nil
	}
	isNew := known == nil || known.InRooms
	switch {
	case known != nil:
		*known = *now
	case len(u.Clients) >= router.MaxClients:
		u.Log().WithField("limit", router.MaxClients).Debug("a client is ignored: the user has too many")
		return
	default:
		u.Clients = append(u.Clients, now)
	}
	heard(u, now.JID)
	told := changed(u, before)
	if u.State != router.Online {
		return
	}
	if isNew {
		if !told {
			u.Send(current(u, now.JID))
		}
		u.ClientHooks(now, func(h *router.Hooks) func(*router.User, *router.Client) { return h.Available })
	}
	u.ClientHooks(now, func(h *router.Hooks) func(*router.User, *router.Client) { return h.Presence })
}

// InRoom notes a client that joins a room. It is a client of the user until it has left all
// rooms, even if it never sends presence to the transport.
func InRoom(u *router.User, jid string) {
	known := u.Clients.Find(jid)
	if known != nil && known.InRooms {
		heard(u, jid)
	}
	if known != nil || len(u.Clients) >= router.MaxClients {
		return
	}
	before := best(u)
	u.Clients = append(u.Clients, &router.Client{JID: jid, InRooms: true})
	changed(u, before)
}

// clientOf returns the client that sent a presence.
func clientOf(s *router.Stanza, now time.Time) *router.Client {
	c := &router.Client{
		JID: s.From, Heard: now, Status: StatusOf(stanza.ChildText(s.Node, "", "show")),
		Message: stanza.ChildText(s.Node, "", "status"), Idle: idleSince(s.Node, now),
		Caps: stanza.Child(s.Node, stanza.Capabilities, "c"),
	}
	if photo := stanza.Child(stanza.Child(s.Node, stanza.VCardUpdate, "x"), stanza.VCardUpdate, "photo"); photo != nil {
		hash := stanza.Body(photo)
		c.Avatar = &hash
	}
	c.Priority, _ = strconv.Atoi(stanza.ChildText(s.Node, "", "priority")) // 0 if it is wrong
	return c
}

// unavailable handles a client that goes offline. A server sends it from the bare JID, too,
// when it answers a probe or a request; that says nothing about clients.
func unavailable(u *router.User, s *router.Stanza) {
	if u.State != router.Offline {
		leave(u, s.From, true)
		return
	}
	leaveLine(u, s.From)
	if registered(u) && MayAnswer(u, s) {
		u.Send(stanza.Presence(s.To, s.From, "unavailable"))
	}
}

// EndSubscriptions ends the subscriptions between the user and a JID of the transport.
func EndSubscriptions(u *router.User, from string) {
	u.Send(stanza.Presence(from, u.JID, "unsubscribe"))
	u.Send(stanza.Presence(from, u.JID, "unsubscribed"))
}

// Left handles a client that is offline. It does nothing if the client is unknown.
func Left(u *router.User, jid string) { leave(u, jid, false) }

// leave handles a client that has left. A client that says so itself may be online: it has
// left only the transport, and has to see the contacts go.
func leave(u *router.User, jid string, online bool) {
	before := best(u)
	gone := u.Clients.Remove(jid)
	if gone == nil {
		return
	}
	u.ClientHooks(gone, func(h *router.Hooks) func(*router.User, *router.Client) { return h.Gone })
	if len(u.Clients) == 0 && !Stays(u) {
		if online {
			u.Clients = append(u.Clients, gone)
		}
		Logout(u)
		return
	}
	changed(u, before)
}

// best returns a copy of the client that decides the user's status, or nil.
func best(u *router.User) *router.Client {
	b := u.Clients.Best()
	if b == nil {
		return nil
	}
	c := *b
	return &c
}

// changed tells the script and the user if the status of the best client is another one
// than before. It reports whether it has told the user, who does not hear of the idle time.
func changed(u *router.User, before *router.Client) bool {
	now := u.Clients.Best()
	if u.State != router.Online {
		return false
	}
	same := before != nil && now != nil && before.Status == now.Status && before.Message == now.Message
	if !same || before.Idle != now.Idle {
		deliverStatus(u)
	}
	if !same {
		announce(u)
	}
	return !same
}

// announce sends the presence of the transport to the user, unless nobody would receive it.
func announce(u *router.User) {
	if len(u.Clients) > 0 {
		u.Send(current(u, u.JID))
	}
}

// deliverStatus tells the script the status of the best client. A user without clients is
// away.
func deliverStatus(u *router.User) {
	best := u.Clients.Best()
	if best == nil {
		best = &router.Client{Status: pb.StatusType_STATUS_TYPE_AWAY}
	}
	status := &pb.Status{UserName: &u.JID, Status: &best.Status, StatusMessage: &best.Message}
	if best.Idle != "" {
		status.IdleSince = &best.Idle
	}
	u.Deliver(pb.WrapperMessage_TYPE_STATUS_CHANGED, status)
}

// probe answers a server, unless it asks for a client that has the presence and receives
// each change.
func probe(u *router.User, s *router.Stanza) {
	if u.Clients.Find(s.From) == nil && (u.State != router.Offline || registered(u)) && MayAnswer(u, s) {
		u.Send(current(u, s.From))
	}
}

// current returns the presence of the transport. It is online while the user is connected,
// with the user's own status.
func current(u *router.User, to string) (p *xmltree.Node) {
	from := u.Router().JID()
	switch u.State {
	case router.Online:
		p = stanza.Presence(from, to, "", disco.Caps(u.Router(), router.Transport))
		if best := u.Clients.Best(); best != nil {
			stanza.Add(p, Show(best.Status), stanza.Optional("", "status", best.Message))
		}
		return p
	case router.Connecting:
		return stanza.Presence(from, to, "unavailable", stanza.Text("", "status", "Connecting"))
	}
	return stanza.Presence(from, to, "unavailable")
}

// subscribe lets every registered user see the transport. A stranger's server waits for an answer,
// and repeats the request otherwise.
func subscribe(u *router.User, s *router.Stanza) {
	var err error
	if u.State == router.Offline {
		err = find(u)
	}
	switch {
	case errors.Is(err, users.ErrNotFound):
		if mayAnswerStranger(u) {
			u.Send(stanza.Presence(s.To, u.JID, "unsubscribed"))
		}
	case err != nil: // the server repeats the request at the user's next login
	case MayAnswer(u, s):
		u.Send(stanza.Presence(s.To, u.JID, "subscribed"))
		u.Send(current(u, u.JID))
	}
}

// registered reports whether a user is registered, as far as the database answers.
func registered(u *router.User) bool { return find(u) == nil }

// find returns nil if a user is registered, or the error of the database. Barred users are
// strangers.
func find(u *router.User) error {
	if u.Barred() != nil {
		return users.ErrNotFound
	}
	_, err := accounts.Find(u)
	if err != nil {
		u.Log().WithField("error", err.Error()).Debug("a presence is refused")
	}
	return err
}

// unreachable are the errors that say that a client does not receive stanzas any more.
var unreachable = map[stanza.Condition]bool{
	"gone": true, stanza.ItemNotFound: true, stanza.RecipientUnavailable: true, stanza.ServiceUnavailable: true,
	"remote-server-not-found": true, stanza.RemoteServerTimeout: true, stanza.JIDMalformed: true,
}

// IsUnreachable reports whether a stanza is an error that says that its sender, a client, does
// not receive stanzas any more.
func IsUnreachable(s *router.Stanza) bool {
	e := stanza.ErrorOf(s.Node)
	return e != nil && unreachable[e.Condition]
}

// bounced handles the error that answers a presence of the transport. It is never answered.
func bounced(u *router.User, s *router.Stanza) {
	if IsUnreachable(s) && s.From != u.JID {
		Left(u, s.From)
	}
}
