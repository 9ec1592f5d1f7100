package messages

import (
	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/privilege"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Carbon sends the user's clients what the user has written on the network to a contact or
// room/nickname with another program, as a copy of a sent message (XEP-0280). Only the user's
// server can do that, so it needs the privilege to send messages of users (XEP-0356).
func Carbon(u *router.User, name, id string, content []*xmltree.Node) {
	if !privilege.Allowed(u, privilege.Message) {
		u.Log().Debug("a message of the user from another program is dropped: the XMPP server does not grant the privilege to send messages")
		return
	}
	to := addressOf(u, name)
	written := stanza.Message(u.JID, to, "chat", content...)
	if id != "" {
		stanza.SetAttr(written, "id", id)
	}
	archive.Keep(u, to, written)
	send := func(to string) {
		privilege.Send(u, stanza.Message(u.JID, to, "chat",
			stanza.Element(stanza.Carbons, "sent", nil, stanza.Element(stanza.Forward, "forwarded", nil, written)),
			noCopy()))
	}
	if len(u.Clients) == 0 {
		send(u.JID) // for the archive
	}
	for _, client := range u.Clients {
		send(client.JID)
	}
}

// noCopy returns the hint that servers must not send copies of the message (XEP-0334).
func noCopy() *xmltree.Node { return stanza.Element(stanza.Hints, "no-copy", nil) }
