// Package roster has the contacts of users: their presence, their subscriptions and their
// entries in the database and in the user's own roster.
package roster

import (
	"iter"
	"maps"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/rules"
	"spectrumlua/runtime/stanza"
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
			Connected:  compare,
			Available:  show,
			Contacts:   announceAll,
			Logout:     logout,
			Unregister: unregister,
		},
	}
}

// Contact is a contact of a user who is logged in.
type Contact struct {
	users.Contact
	Status        pb.StatusType
	StatusMessage string
	Idle          string // since when, as a timestamp of the protocol; or ""
	known         bool   // the script has announced it in this session
	mayAsk        bool   // the user has refused it, and written to it since
}

// values returns the values that decide about an echo.
func (c *Contact) values() rules.Contact { return rules.Contact{Alias: c.Alias, Groups: c.Groups} }

// has reports whether a contact has a flag.
func (c *Contact) has(f users.Flag) bool { return c.Flags&f != 0 }

// set sets or removes a flag. It reports whether that is a change.
func (c *Contact) set(f users.Flag, on bool) bool {
	if on == c.has(f) {
		return false
	}
	c.Flags ^= f
	return true
}

// roster is the state of a user's contacts. The zero value is ready for use.
type roster struct {
	contacts map[string]*Contact // by their names on the network
	// refused are contacts that the user does not want. They are not offered again in this
	// session, also if the script has removed them meanwhile. They may ask again if the user
	// has written to them.
	refused map[string]*Contact

	unsaved map[string]*Contact
	offers  map[string]action
	order   []string // of offers
	queued  bool     // settle is in the user's queue
	sets    sets
}

var rosters router.Slot[roster]

// Of returns the contacts of a user who is logged in, by their names on the network.
func Of(u *router.User) map[string]*Contact {
	r := rosters.Of(u)
	if r.contacts == nil {
		r.contacts = map[string]*Contact{}
	}
	return r.contacts
}

// Names returns the names of a user's contacts on the network.
func Names(u *router.User) iter.Seq[string] {
	if r := rosters.Peek(u); r != nil {
		return maps.Keys(r.contacts)
	}
	return func(func(string) bool) {}
}

// Find returns a contact of a user, or nil.
func Find(u *router.User, name string) *Contact {
	if r := rosters.Peek(u); r != nil {
		return r.contacts[name]
	}
	return nil
}

// Ignored reports whether the user receives nothing of a contact.
func Ignored(u *router.User, name string) bool {
	c := Find(u, name)
	return c != nil && c.has(users.FlagIgnored)
}

// KnowRoom notes that a name is a room's, also for a user who has not joined the room. A name in
// the roster stays that of a contact: otherwise anybody who can invite the user could end a chat.
func KnowRoom(u *router.User, name string) {
	if Find(u, name) == nil {
		u.KnowRoom(name)
	}
}

// add adds a contact that was not there.
func add(u *router.User, name string) *Contact {
	c := created(u, name)
	Of(u)[name] = c
	return c
}

// created returns a contact of which nothing but the name is known.
func created(u *router.User, name string) *Contact {
	c := &Contact{Status: pb.StatusType_STATUS_TYPE_NONE}
	c.Name = name
	c.set(users.FlagEscaped, u.Router().Escapes())
	return c
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
		u.SetEscaping(c.Name, c.Flags&users.FlagEscaped != 0)
	}
	return nil
}

// report sends the roster to a script that asks for it.
func report(u *router.User) {
	if !u.Router().Feature("send_buddies_on_login") {
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

// visible reports whether the user sees a contact as available.
func (c *Contact) visible() bool {
	return !presence.IsOffline(c.Status) && !c.has(users.FlagBlocked|users.FlagIgnored)
}

// presenceOf returns the presence of a contact.
func presenceOf(u *router.User, c *Contact, to string) *xmltree.Node {
	from := u.ContactFrom(c.Name)
	if !c.visible() {
		return stanza.Presence(from, to, "unavailable", stanza.Optional("", "status", c.StatusMessage))
	}
	return stanza.Presence(from, to, "", disco.Caps(u.Router(), router.Contact),
		presence.Show(c.Status), stanza.Optional("", "status", c.StatusMessage), presence.Idle(c.Idle),
		stanza.Element(stanza.VCardUpdate, "x", nil, stanza.Text(stanza.VCardUpdate, "photo", c.IconHash)))
}

// show sends the presence of all contacts that are online to a client that has appeared.
func show(u *router.User, client *router.Client) {
	for _, c := range Of(u) {
		if c.visible() {
			u.Send(presenceOf(u, c, client.JID))
		}
	}
}

// announceAll sends the presence of all contacts that are online to the user.
func announceAll(u *router.User) {
	for _, c := range Of(u) {
		if c.visible() {
			announce(u, c)
		}
	}
}

// logout shows all contacts offline.
func logout(u *router.User) {
	settle(u)
	for _, c := range Of(u) {
		if c.visible() && len(u.Clients) > 0 {
			u.Send(stanza.Presence(u.ContactFrom(c.Name), u.JID, "unavailable"))
		}
	}
	rosters.Drop(u)
}
