package roster

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
)

// buddyChanged handles BUDDY_CHANGED of the script: the state of a contact, which may be
// new.
func buddyChanged(u *router.User, b *pb.Buddy) {
	name := b.GetBuddyName()
	r := rosters.Of(u)
	if c := r.refused[name]; c != nil {
		update(c, b)
		return
	}
	c := Of(u)[name]
	added := c == nil
	if added {
		c = add(u, name)
	}
	old := *c
	values, stored := update(c, b)
	if added || stored {
		save(u, c)
	}
	switch {
	case added:
		r.offer(u, name, toAdd)
	case values:
		r.offer(u, name, toModify)
	}
	same := old.known && c.Status == old.Status && c.StatusMessage == old.StatusMessage && c.Idle == old.Idle &&
		c.IconHash == old.IconHash && old.visible() == c.visible()
	if !same && (old.visible() || c.visible()) && r.offers[name] != toAdd { // else the presence follows the offer
		announce(u, c)
	}
	if added || values {
		u.Deliver(pb.WrapperMessage_TYPE_BUDDY_CHANGED, c.buddy(u))
	}
	if old.known && c.IconHash != old.IconHash {
		u.NameHooks(name, func(h *router.Hooks) func(*router.User, string) { return h.Picture })
	}
	if old.known && c.Alias != old.Alias {
		u.NameHooks(name, func(h *router.Hooks) func(*router.User, string) { return h.Nickname })
	}
}

// announce sends the presence of a contact to the user, unless nobody would receive it.
func announce(u *router.User, c *Contact) {
	if len(u.Clients) > 0 {
		u.Send(presenceOf(u, c, u.JID))
	}
}

// update copies the state of a contact. It reports whether the alias or groups have
// changed, and whether anything has that is stored.
func update(c *Contact, b *pb.Buddy) (values, stored bool) {
	now, values := c.values().Changed(b)
	c.Alias, c.Groups = now.Alias, now.Groups
	c.Status, c.StatusMessage, c.Idle, c.known = b.GetStatus(), b.GetStatusMessage(), b.GetIdleSince(), true
	stored = c.set(users.FlagBlocked, b.GetBlocked()) || values
	if c.IconHash != b.GetIconHash() {
		c.IconHash, stored = b.GetIconHash(), true
	}
	return values, stored
}

// buddyRemoved handles BUDDY_REMOVED of the script.
func buddyRemoved(u *router.User, b *pb.Buddy) {
	r := rosters.Of(u)
	if c := r.refused[b.GetBuddyName()]; c != nil {
		mayAsk := c.mayAsk
		*c = *created(u, c.Name)
		c.mayAsk = mayAsk
	}
	if c := Of(u)[b.GetBuddyName()]; c != nil {
		remove(u, c)
		r.offer(u, c.Name, toRemove)
	}
}

// remove removes a contact from the roster and the database.
func remove(u *router.User, c *Contact) {
	r := rosters.Of(u)
	delete(r.contacts, c.Name)
	delete(r.unsaved, c.Name)
	delete(r.offers, c.Name)
	if c.visible() && len(u.Clients) > 0 {
		u.Send(stanza.Presence(u.ContactFrom(c.Name), u.JID, "unavailable"))
	}
	ctx, cancel := u.Context()
	defer cancel()
	if err := u.Store().Remove(ctx, u.Account.ID, c.Name); err != nil {
		u.Failed("a contact is not removed from the database", err)
	}
}

// authRequest handles AUTH_REQUEST: a contact asks to be added. The user decides, also if
// the server would let the transport change the roster.
func authRequest(u *router.User, b *pb.Buddy) {
	name := b.GetBuddyName()
	r := rosters.Of(u)
	refused := r.refused[name]
	if refused != nil && !refused.mayAsk {
		u.Log().Debug("a contact that the user has refused asks again: the user receives nothing")
		return
	}
	switch c := Of(u)[name]; {
	case c != nil:
	case refused != nil:
		r.restore(refused)
	default:
		c = add(u, name)
		c.Alias = b.GetAlias()
	}
	if !presence.MayAsk(u, name) {
		return
	}
	u.Send(stanza.Presence(u.ContactJID(name), u.JID, "subscribe",
		stanza.Optional("", "status", b.GetStatusMessage()), stanza.Optional(stanza.Nickname, "nick", b.GetAlias())))
}
