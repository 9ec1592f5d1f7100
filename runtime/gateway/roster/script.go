package roster

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
)

// buddyChanged handles BUDDY_CHANGED of the script: the state of a contact, which may be
// new.
func buddyChanged(u *router.User, b *pb.Buddy) {
	name := b.GetBuddyName()
	c := Of(u)[name]
	added := c == nil
	if added {
		c = &Contact{Status: pb.StatusType_STATUS_TYPE_NONE}
		c.Name = name
		Of(u)[name] = c
	}
	values, changed := c.values().Changed(b)
	c.Alias, c.Groups = values.Alias, values.Groups
	wasOnline, old := !presence.IsOffline(c.Status), *c
	c.Status, c.StatusMessage, c.Blocked = b.GetStatus(), b.GetStatusMessage(), b.GetBlocked()
	iconChanged := c.IconHash != b.GetIconHash()
	c.IconHash = b.GetIconHash()
	if added || changed || iconChanged {
		save(u, c)
	}
	if added {
		announce(u, c)
	}
	same := c.known && c.Status == old.Status && c.StatusMessage == old.StatusMessage && c.Blocked == old.Blocked && !iconChanged
	c.known = true
	if !same && (wasOnline || !presence.IsOffline(c.Status)) {
		u.Send(presenceOf(u, c, u.JID))
	}
	if added || changed {
		u.Deliver(pb.WrapperMessage_TYPE_BUDDY_CHANGED, c.buddy(u))
	}
}

// announce offers a new contact to the user: a request for a subscription, with the alias
// as nickname (XEP-0172).
func announce(u *router.User, c *Contact) {
	u.Send(stanza.Presence(u.ContactJID(c.Name), u.JID, "subscribe",
		stanza.Optional(stanza.Nickname, "nick", c.Alias)))
}

// buddyRemoved handles BUDDY_REMOVED of the script.
func buddyRemoved(u *router.User, b *pb.Buddy) {
	c := Of(u)[b.GetBuddyName()]
	if c == nil {
		return
	}
	remove(u, c)
	part(u, c.Name)
}

// remove removes a contact from the roster and the database.
func remove(u *router.User, c *Contact) {
	delete(Of(u), c.Name)
	if !presence.IsOffline(c.Status) {
		u.Send(stanza.Presence(u.ContactFrom(c.Name), u.JID, "unavailable"))
	}
	ctx, cancel := u.Context()
	defer cancel()
	if err := u.Store().Remove(ctx, u.Account.ID, c.Name); err != nil {
		u.Log().Warnf("a contact is not removed from the database: %v", err)
	}
}

// authRequest handles AUTH_REQUEST: a contact asks to be added.
func authRequest(u *router.User, b *pb.Buddy) {
	u.Send(stanza.Presence(u.ContactJID(b.GetBuddyName()), u.JID, "subscribe",
		stanza.Optional("", "status", b.GetStatusMessage()), stanza.Optional(stanza.Nickname, "nick", b.GetAlias())))
}
