// Package roster has the contacts of users: their presence, their subscriptions and their
// entries in the database.
package roster

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/rules"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "roster",
		Stanzas: []router.Route{
			{Kind: "presence", Type: "probe", To: router.Contact, Handle: probe},
			{Kind: "presence", Type: "subscribe", To: router.Contact, Handle: subscribe},
			{Kind: "presence", Type: "subscribed", To: router.Contact, Handle: subscribed},
			{Kind: "presence", Type: "unsubscribe", To: router.Contact, Handle: unsubscribe},
			{Kind: "presence", Type: "unsubscribed", To: router.Contact, Handle: unsubscribed},
		},
		Payloads: []router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_BUDDY_CHANGED, router.Any, buddyChanged),
			router.On(pb.WrapperMessage_TYPE_BUDDY_REMOVED, router.Any, buddyRemoved),
			router.On(pb.WrapperMessage_TYPE_AUTH_REQUEST, router.Any, authRequest),
		},
		Hooks: router.Hooks{
			Login:      load,
			LoggedIn:   report,
			Available:  show,
			Logout:     logout,
			Unregister: forget,
		},
	}
}

// Contact is a contact of a user who is logged in.
type Contact struct {
	users.Contact
	Status        pb.StatusType
	StatusMessage string
	Blocked       bool
	known         bool // the script has announced it in this session
}

// values returns the values that decide about an echo.
func (c *Contact) values() rules.Contact { return rules.Contact{Alias: c.Alias, Groups: c.Groups} }

// contacts has the contacts of users by their names on the network.
var contacts router.Slot[map[string]*Contact]

// Of returns the contacts of a user who is logged in, by their names on the network.
func Of(u *router.User) map[string]*Contact {
	all := contacts.Of(u)
	if *all == nil {
		*all = map[string]*Contact{}
	}
	return *all
}

// load reads the contacts from the database before a login.
func load(u *router.User) error {
	ctx, cancel := u.Context()
	defer cancel()
	stored, err := u.Store().Contacts(ctx, u.Account.ID)
	if err != nil {
		return err
	}
	for _, c := range stored {
		Of(u)[c.Name] = &Contact{Contact: c, Status: pb.StatusType_STATUS_TYPE_NONE}
	}
	return nil
}

// report sends the roster to a script that asks for it.
func report(u *router.User) {
	if !u.Router().Shared.Feature("send_buddies_on_login") {
		return
	}
	var all pb.Buddies
	for _, c := range Of(u) {
		all.Buddy = append(all.Buddy, c.buddy(u))
	}
	if len(all.Buddy) > 0 {
		u.Deliver(pb.WrapperMessage_TYPE_BUDDIES, &all)
	}
}

// buddy returns the contact as the script sees it in the user's roster.
func (c *Contact) buddy(u *router.User) *pb.Buddy { return c.values().Echo(u.JID, c.Name) }

// save writes a contact to the database. A failure costs the user nothing before the next
// login, so it is only logged.
func save(u *router.User, c *Contact) {
	ctx, cancel := u.Context()
	defer cancel()
	if err := u.Store().Save(ctx, u.Account.ID, &c.Contact); err != nil {
		u.Log().Warnf("a contact is not stored: %v", err)
	}
}

// presenceOf returns the presence of a contact.
func presenceOf(u *router.User, c *Contact, to string) *xmltree.Node {
	from := u.ContactFrom(c.Name)
	if presence.IsOffline(c.Status) || c.Blocked {
		return stanza.Presence(from, to, "unavailable", stanza.Optional("", "status", c.StatusMessage))
	}
	return stanza.Presence(from, to, "",
		presence.Show(c.Status), stanza.Optional("", "status", c.StatusMessage),
		disco.Caps(u.Router(), router.Contact),
		stanza.Element(stanza.VCardUpdate, "x", nil, stanza.Text(stanza.VCardUpdate, "photo", c.IconHash)))
}

// show sends the presence of all contacts that are online to a client that has appeared.
func show(u *router.User, client *router.Client) {
	for _, c := range Of(u) {
		if !presence.IsOffline(c.Status) {
			u.Send(presenceOf(u, c, client.JID))
		}
	}
}

// logout shows all contacts offline.
func logout(u *router.User) {
	for _, c := range Of(u) {
		if !presence.IsOffline(c.Status) {
			u.Send(stanza.Presence(u.ContactFrom(c.Name), u.JID, "unavailable"))
		}
	}
	contacts.Drop(u)
}

// forget removes the subscriptions of all contacts from the user's roster. The user may be
// offline, so the contacts come from the database.
func forget(u *router.User) {
	if err := load(u); err != nil {
		u.Log().Warnf("the contacts of an unregistered user stay in their roster: %v", err)
	}
	for _, c := range Of(u) {
		part(u, c.Name)
	}
	contacts.Drop(u)
}

// part ends the subscriptions between a contact and the user.
func part(u *router.User, name string) {
	from := u.ContactJID(name)
	u.Send(stanza.Presence(from, u.JID, "unsubscribe"))
	u.Send(stanza.Presence(from, u.JID, "unsubscribed"))
}
