package router

import (
	"fmt"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/rules"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Target is what a stanza or payload is about.
type Target int

// Targets. A stanza for another JID than the transport's is for an Occupant or a Room if at
// least one of these is true, and otherwise for a Contact:
//
//   - The user has joined the room or is joining it.
//   - The name is known as a room's, by KnowRoom or Feature.Room.
//   - The name begins with #.
//   - The JID has a resource, but not that of contacts.
//   - Only rooms and occupants receive the content of the stanza, such as an element of XEP-0045.
//
// A route for Any handles the targets that have no route of their own.
const (
	Any Target = iota
	Transport
	Contact
	Room
	Occupant
)

// Feature is a part of the gateway: its routes and hooks. All fields are optional.
type Feature struct {
	Name     string
	Stanzas  []Route
	Payloads []PayloadRoute
	// Disco are the features that service discovery shows (XEP-0030).
	Disco []Disco
	Nodes []Node
	// Identities are shown by service discovery besides the one of the config.
	Identities []Identity
	// Forms are data forms that service discovery shows (XEP-0128).
	Forms []Form
	// Info adds to what service discovery shows.
	Info []Info
	// Room returns the name on the network of the room with a localpart, or "" if the feature
	// knows none. The localpart has the form of Fold. Room is called on the goroutine of the user
	// for most stanzas, and must not wait.
	Room  func(u *User, local string) string
	Hooks Hooks
}

// Info adds to the answer to disco#info of a target. The query is a request without a node.
type Info struct {
	Target Target
	Extend func(u *User, s *Stanza, query *xmltree.Node)
}

// Identity is a further identity in the service discovery of a target. It never changes,
// because capabilities include it.
type Identity struct {
	Target               Target
	Category, Type, Name string
}

// Form is a data form in the service discovery of a target. It never changes, because
// capabilities include it.
type Form struct {
	Target Target
	Node   func() *xmltree.Node
}

// Disco is a feature in the service discovery of a target.
type Disco struct {
	Target Target
	Var    string
	// Needs is the key of [features] that the script must announce, such as muc, or "".
	Needs string
	// Handler is the type that the script must have a handler for, or 0.
	Handler pb.WrapperMessage_Type
}

// Hooks are called on the goroutine of the user, in the order of the features.
type Hooks struct {
	// Stream is called for the transport itself, the user with the JID "", each time that
	// the stream to the XMPP server has opened.
	Stream func(u *User)
	// Unreachable is called for the transport itself if the first attempt to connect to the XMPP
	// server fails. Stanzas to send wait until Stream.
	Unreachable func(u *User)
	// Database is called for the transport itself each time that the database can be reached
	// again.
	Database func(u *User)
	// Script is called for the transport itself each time that the script has been loaded, or
	// has announced features.
	Script func(u *User)
	// Configured is called for the transport itself each time that Configure has replaced the
	// settings.
	Configured func(u *User)
	// Login is called before LOGIN goes to the script. The account is loaded. An error
	// prevents the login; the user receives it.
	Login func(u *User) error
	// LoggedIn is called after LOGIN has gone to the script.
	LoggedIn func(u *User)
	// Connected is called at each CONNECTED of the script, after the transport's presence
	// went to the user.
	Connected func(u *User)
	// Available is called if a client of a connected user becomes available that was not
	// before.
	Available func(u *User, c *Client)
	// Presence is called at each presence of a client while the user is connected, after
	// Available.
	Presence func(u *User, c *Client)
	// Picture and Nickname are called if the script has changed the picture or the alias
	// of a contact that it has announced before in this session.
	Picture, Nickname func(u *User, name string)
	// Contacts is called if a user with a session has to receive the presence of all contacts again.
	Contacts func(u *User)
	// Gone is called if a client has become unavailable.
	Gone func(u *User, c *Client)
	// Settings is called if the settings of a user with a session have changed.
	Settings func(u *User)
	// Logout is called before LOGOUT goes to the script, and after a Login that failed.
	Logout func(u *User)
	// Unregister is called before the account is removed, which may fail. It only prepares:
	// removed does the rest when the account is removed, after Logout. removed may be nil. An
	// error prevents the removal.
	Unregister func(u *User) (removed func(u *User), err error)
}

// Route maps stanzas to a handler.
type Route struct {
	Kind string // message, presence or iq
	// Type is the type attribute: "normal" for a message without one, "" for the presence
	// of an available entity. IQs of the types result and error are routed to Query.
	Type string
	To   Target
	// Space is the namespace of a child element, or "" for stanzas without a more
	// specific route. For an IQ it is the namespace of its payload.
	Space string
	// Handle handles the stanza. An IQ that it neither answers nor defers is answered
	// with an error.
	Handle func(u *User, s *Stanza)
	// Quick reports whether Handle does not wait for this stanza, so that it may run on the
	// goroutine that reads from the server. Nil means that it may wait.
	Quick func(s *Stanza) bool
	// Open routes also take the IQs and messages of users whom User.Barred refuses.
	Open bool
}

// PayloadRoute maps payloads of the script to a handler. On and OnRaw make one.
type PayloadRoute struct {
	Type   pb.WrapperMessage_Type
	To     Target
	empty  func() proto.Message // nil for a type without a message
	handle func(u *User, m proto.Message, raw []byte)
	quick  func(m proto.Message) bool
}

// Quick returns the route of a handler that does not wait for a payload if quick returns
// true, so that it may run on the goroutine of the script, with the script lock.
func (p PayloadRoute) Quick(quick func(m proto.Message) bool) PayloadRoute {
	p.quick = quick
	return p
}

// On returns the route of a type whose payload is an M. Only payloads with the field buddyName
// have other targets than Any. Payloads for users who are not logged in never reach a handler.
func On[M any, P interface {
	*M
	proto.Message
}](typ pb.WrapperMessage_Type, to Target, handle func(u *User, m P)) PayloadRoute {
	return PayloadRoute{
		Type: typ, To: to,
		empty:  func() proto.Message { return P(new(M)) },
		handle: func(u *User, m proto.Message, _ []byte) { handle(u, m.(P)) },
	}
}

// OnRaw returns the route of a type without a message.
func OnRaw(typ pb.WrapperMessage_Type, handle func(u *User, payload string)) PayloadRoute {
	return PayloadRoute{
		Type: typ, To: Any,
		handle: func(u *User, _ proto.Message, raw []byte) { handle(u, string(raw)) },
	}
}

type routeKey struct {
	kind, typ string
	to        Target
	space     string
}

// payloadRoutes are the routes of one type.
type payloadRoutes struct {
	empty func() proto.Message // nil for a type without a message
	to    map[Target]func(u *User, m proto.Message, raw []byte)
	// quick reports whether no handler waits for a payload. Nil means that one may always wait.
	quick func(m proto.Message) bool
}

// tables has the routes of all features.
type tables struct {
	stanzas  map[routeKey]*Route
	spaces   map[string]bool // of the routes for child elements of messages and presences
	payloads map[pb.WrapperMessage_Type]*payloadRoutes
	hooks    []Hooks
	disco    []Disco
	nodes    []Node
	info     []Info
	forms    []Form
	more     []Identity
	rooms    []func(u *User, local string) string
}

func newTables(features []Feature) tables {
	t := tables{
		stanzas:  map[routeKey]*Route{},
		spaces:   map[string]bool{},
		payloads: map[pb.WrapperMessage_Type]*payloadRoutes{},
	}
	for _, f := range features {
		for _, r := range f.Stanzas {
			key := routeKey{r.Kind, r.Type, r.To, r.Space}
			if t.stanzas[key] != nil {
				panic(fmt.Sprintf("gateway: the feature %s adds a second route for %v", f.Name, key))
			}
			t.stanzas[key] = &r
			if r.Kind != "iq" && r.Space != "" {
				t.spaces[r.Space] = true
			}
		}
		for _, r := range f.Payloads {
			routes := t.payloads[r.Type]
			if routes == nil {
				routes = &payloadRoutes{empty: r.empty, to: map[Target]func(*User, proto.Message, []byte){}, quick: r.quick}
				t.payloads[r.Type] = routes
			}
			if routes.to[r.To] != nil {
				panic(fmt.Sprintf("gateway: the feature %s adds a second route for %v", f.Name, r.Type))
			}
			routes.to[r.To] = r.handle
			routes.quick = both(routes.quick, r.quick)
		}
		t.disco = append(t.disco, f.Disco...)
		t.nodes = append(t.nodes, f.Nodes...)
		t.info = append(t.info, f.Info...)
		t.forms = append(t.forms, f.Forms...)
		t.more = append(t.more, f.Identities...)
		t.hooks = append(t.hooks, f.Hooks)
		if f.Room != nil {
			t.rooms = append(t.rooms, f.Room)
		}
	}
	return t
}

// both returns a function that reports whether two others return true. It returns nil if one
// of them is nil.
func both(a, b func(proto.Message) bool) func(proto.Message) bool {
	if a == nil || b == nil {
		return nil
	}
	return func(m proto.Message) bool { return a(m) && b(m) }
}

// payloadNames has the only name of payloads of IQs in a namespace. In other namespaces, the
// handler knows the names.
var payloadNames = map[string]string{
	stanza.Bits: "data", stanza.Commands: "command", stanza.Fasten: "apply-to", stanza.Moderate: "moderate",
	stanza.Ping: "ping", stanza.PubSub: "pubsub", stanza.Time: "time", stanza.Upload: "request", stanza.VCard: "vCard",
	stanza.DiscoInfo: "query", stanza.DiscoItems: "query", stanza.Gateway: "query", stanza.LastActivity: "query",
	stanza.MUCAdmin: "query", stanza.MUCOwner: "query", stanza.Register: "query", stanza.Search: "query", stanza.Version: "query",
}

// stanza returns the route of a stanza, or nil. A route for a namespace precedes one
// without, and a route for a target precedes one for Any.
func (t *tables) stanza(s *Stanza) *Route {
	if s.Payload != nil {
		if name := payloadNames[s.Payload.Space]; name != "" && name != s.Payload.Name {
			return nil
		}
		return t.find(s, s.Payload.Space)
	}
	for _, child := range s.Children {
		if child.Element == nil || !t.spaces[child.Element.Space] {
			continue
		}
		if route := t.find(s, child.Element.Space); route != nil {
			return route
		}
	}
	return t.find(s, "")
}

func (t *tables) find(s *Stanza, space string) *Route {
	if route := t.stanzas[routeKey{s.Kind, s.Type, s.Target, space}]; route != nil {
		return route
	}
	return t.stanzas[routeKey{s.Kind, s.Type, Any, space}]
}

// Disco returns the features that service discovery shows for a target.
func (r *Router) Disco(t Target) []string {
	var all []string
	for _, d := range r.tables.disco {
		if d.Target == t && (d.Needs == "" || r.Feature(d.Needs)) && (d.Handler == 0 || r.Handles(d.Handler)) {
			all = append(all, d.Var)
		}
	}
	return all
}

// Identities returns the further identities of a target.
func (r *Router) Identities(target Target) (all []Identity) {
	for _, i := range r.tables.more {
		if i.Target == target {
			all = append(all, i)
		}
	}
	return all
}

// Forms returns the data forms that service discovery shows for a target.
func (r *Router) Forms(t Target) []*xmltree.Node {
	var all []*xmltree.Node
	for _, f := range r.tables.forms {
		if f.Target == t {
			all = append(all, f.Node())
		}
	}
	return all
}

// ExtendInfo adds the Info of all features to the answer to a disco#info.
func (r *Router) ExtendInfo(u *User, s *Stanza, query *xmltree.Node) {
	for _, i := range r.tables.info {
		if i.Target == s.Target {
			i.Extend(u, s, query)
		}
	}
}

// decode returns the routes of a payload of the script, and its message if the type has one.
// Without routes, or if the payload does not parse, it logs that and returns nil.
func (r *Router) decode(typ *schema.Type, payload []byte) (*payloadRoutes, proto.Message) {
	routes := r.tables.payloads[typ.Number]
	if routes == nil {
		r.log.WithField("type", typ.Name).Debug("a message of the script has no effect under serve")
		return nil, nil
	}
	if routes.empty == nil {
		return routes, nil
	}
	m := routes.empty()
	if err := proto.Unmarshal(payload, m); err != nil {
		r.log.WithFields(logrus.Fields{"user": string(typ.UserOf(payload)), "type": typ.Name, "error": err.Error()}).Warn("a message of the script is dropped")
		return nil, nil
	}
	return routes, m
}

// payload handles a payload of the script: the message, or raw for a type without one.
func (r *Router) payload(u *User, typ *schema.Type, routes *payloadRoutes, m proto.Message, raw []byte) {
	if u.JID != "" && u.State == Offline {
		u.Log().WithField("type", typ.Name).Debug("a message of the script is dropped: the user is not logged in")
		return
	}
	handle := routes.to[Any]
	if about, ok := m.(addressed); ok && (handle == nil || len(routes.to) > 1) {
		if exact := routes.to[targetOf(u, about)]; exact != nil {
			handle = exact
		}
	}
	if handle != nil {
		handle(u, m, raw)
	}
}

// addressed is a payload about a contact, a room or an occupant.
type addressed interface{ GetBuddyName() string }

// conversation is a payload about a message in a chat or a room.
type conversation interface {
	GetNickname() string
	GetPm() bool
}

// targetOf returns what a payload of the script is about.
func targetOf(u *User, m addressed) Target {
	c, ok := m.(conversation)
	switch {
	case ok && c.GetPm():
		return Occupant
	case ok && rules.InRoom(c) || u.HasJoined(m.GetBuddyName()):
		return Room
	}
	if _, _, ok := u.Occupant(m.GetBuddyName()); ok {
		return Occupant
	}
	return Contact
}

// bounce answers a stanza with an error, unless it is one that must not be answered.
func (r *Router) bounce(s *Stanza, e *stanza.Error) {
	if s.Type == "error" || s.Type == "result" || s.From == "" {
		return
	}
	_ = r.write(stanza.Bounce(s.Node, e))
}
