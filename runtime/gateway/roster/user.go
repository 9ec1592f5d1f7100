package roster

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/jid"
)

// probe answers with the presence of a contact (RFC 6121, section 4.3).
func probe(u *router.User, s *router.Stanza) {
	if u.State == router.Online {
		if c := Of(u)[s.Name]; c != nil {
			u.Send(presenceOf(u, c, s.From))
			return
		}
	}
	u.Send(stanza.Presence(s.To, s.From, "unavailable"))
}

// subscribe handles the user's request to see a contact. It adds an unknown one.
func subscribe(u *router.User, s *router.Stanza) {
	if u.State == router.Offline {
		return // only a session can add contacts
	}
	c := confirm(u, s.Name)
	bare := jid.Bare(s.From)
	u.Send(stanza.Presence(jid.Bare(s.To), bare, "subscribed"))
	u.Send(presenceOf(u, c, bare))
}

// subscribed handles the user's consent to a request of announce or authRequest.
func subscribed(u *router.User, s *router.Stanza) {
	if u.State == router.Offline {
		return
	}
	u.Send(presenceOf(u, confirm(u, s.Name), jid.Bare(s.From)))
}

// confirm notes that the user wants a contact, and tells the script if that is new.
func confirm(u *router.User, name string) *Contact {
	c := Of(u)[name]
	if c == nil {
		c = &Contact{Status: pb.StatusType_STATUS_TYPE_NONE}
		c.Name = name
		Of(u)[name] = c
	}
	if !c.Subscribed {
		c.Subscribed = true
		save(u, c)
		u.Deliver(pb.WrapperMessage_TYPE_BUDDY_CHANGED, c.buddy(u))
	}
	return c
}

// unsubscribe handles the user's wish not to see a contact any more.
func unsubscribe(u *router.User, s *router.Stanza) {
	u.Send(stanza.Presence(jid.Bare(s.To), jid.Bare(s.From), "unsubscribed"))
	lose(u, s.Name)
}

// unsubscribed handles the refusal of a request. The contact must not ask again, so it is
// removed.
func unsubscribed(u *router.User, s *router.Stanza) { lose(u, s.Name) }

// lose removes a contact and tells the script.
func lose(u *router.User, name string) {
	if u.State == router.Offline {
		return
	}
	if c := Of(u)[name]; c != nil {
		remove(u, c)
	}
	u.Deliver(pb.WrapperMessage_TYPE_BUDDY_REMOVED, &pb.Buddy{UserName: &u.JID, BuddyName: &name})
}
