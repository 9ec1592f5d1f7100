// Package profile passes vCards, pictures and nicknames: those of contacts to the user
// (XEP-0054, XEP-0084, XEP-0172), and the user's own to the script (XEP-0153).
//
// The protocol has one message for all of them, VCARD. Its id belongs to a request of a
// client; 0 is for the user's own vCard.
package profile

import (
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
)

// Feature returns the feature.
func Feature() router.Feature {
	f := router.Feature{
		Name: "profile",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.VCard, Handle: transportCard},
			{Kind: "iq", Type: "set", To: router.Transport, Space: stanza.VCard, Handle: ownCardSet},
		},
		Payloads: []router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_VCARD, router.Any, answered),
		},
		Disco: []router.Disco{{Target: router.Transport, Var: stanza.VCard}},
		Hooks: router.Hooks{
			Connected: connected, Available: available, Presence: ownPicture,
			Picture: pictureChanged, Nickname: nicknameChanged, Logout: logout,
		},
	}
	for _, to := range []router.Target{router.Contact, router.Room, router.Occupant} {
		f.Stanzas = append(f.Stanzas, router.Route{Kind: "iq", Type: "set", To: to, Space: stanza.VCard, Handle: otherCardSet})
	}
	for _, to := range []router.Target{router.Contact, router.Occupant} {
		f.Stanzas = append(f.Stanzas,
			router.Route{Kind: "iq", Type: "get", To: to, Space: stanza.VCard, Handle: card},
			router.Route{Kind: "iq", Type: "get", To: to, Space: stanza.PubSub, Handle: node})
	}
	for _, feature := range []string{stanza.VCard, stanza.PubSub} {
		f.Disco = append(f.Disco, router.Disco{Target: router.Contact, Var: feature})
	}
	return f
}

// patience is how long the script may take to answer. After that, a client receives what
// the gateway itself knows, before the router answers with an error.
const patience = 15 * time.Second

// maxWaiting is the number of requests of a user that may wait for the script.
const maxWaiting = 1000

// state is the state of a user.
type state struct {
	last     int32            // the last id
	requests map[int32]*asked // by id
	names    map[string]*asked
	waiting  int     // in requests
	picture  *string // the hash of the user's own picture that was requested last
}

// asked is a VCARD that the script has not answered. Requests of several clients for one
// name share it.
type asked struct {
	id      int32
	name    string
	waiting []func(card *pb.VCard)
}

var states router.Slot[state]

// ask asks the script for the vCard of a contact or an occupant, for an IQ. It calls done with the answer, or
// with one that has only the alias.
func ask(u *router.User, s *router.Stanza, done func(card *pb.VCard)) {
	if u.State != router.Online {
		s.Fail(stanza.RecipientUnavailable, "You are not connected to the network.")
		return
	}
	name := s.Name
	if s.Target == router.Occupant {
		nick, refusal := rooms.Addressed(u, s)
		if refusal != nil {
			s.Refuse(refusal)
			return
		}
		name += "/" + nick
	}
	if !request(u, name, done) {
		s.Fail(stanza.ResourceConstraint, "Too many requests wait for the network.")
		return
	}
	s.Defer()
}

// request is like ask, without an IQ. It reports whether the request waits for the script;
// too many may wait already.
func request(u *router.User, name string, done func(card *pb.VCard)) bool {
	st := states.Of(u)
	if st.waiting >= maxWaiting {
		return false
	}
	st.waiting++
	if r := st.names[name]; r != nil {
		r.waiting = append(r.waiting, done)
		return true
	}
	if st.last++; st.last <= 0 {
		st.last = 1
	}
	r := &asked{id: st.last, name: name, waiting: []func(*pb.VCard){done}}
	if st.requests == nil {
		st.requests, st.names = map[int32]*asked{}, map[string]*asked{}
	}
	st.requests[r.id], st.names[name] = r, r
	u.After(patience, func(u *router.User) {
		if st := states.Peek(u); st != nil && st.requests[r.id] == r {
			st.finish(r, known(u, name))
		}
	})
	u.Deliver(pb.WrapperMessage_TYPE_VCARD, &pb.VCard{UserName: &u.JID, BuddyName: &name, Id: &r.id})
	return true
}

// known returns what the gateway itself knows about a contact.
func known(u *router.User, name string) *pb.VCard {
	text := alias(u, name)
	if text == "" {
		return &pb.VCard{Fullname: &name}
	}
	return &pb.VCard{Fullname: &text, Nickname: &text}
}

func alias(u *router.User, name string) string {
	if c := roster.Find(u, name); c != nil {
		return c.Alias
	}
	return ""
}

// answered handles VCARD of the script.
func answered(u *router.User, card *pb.VCard) {
	if st := states.Peek(u); st != nil {
		if r := st.requests[card.GetId()]; r != nil {
			learn(u, r.name, card)
			st.finish(r, card)
			return
		}
	}
	u.Log().WithField("id", card.GetId()).Debug("a vCard is dropped: no request has its id, or it was answered")
}

func (st *state) finish(r *asked, card *pb.VCard) {
	delete(st.requests, r.id)
	delete(st.names, r.name)
	st.waiting -= len(r.waiting)
	for _, done := range r.waiting {
		done(card)
	}
}

// logout answers what still waits. The roster is no longer loaded.
func logout(u *router.User) {
	if st := states.Peek(u); st != nil {
		for _, r := range st.requests {
			st.finish(r, &pb.VCard{Fullname: &r.name})
		}
		states.Drop(u)
	}
}
