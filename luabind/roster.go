package luabind

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/proto"

	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
)

// The reasons for a change of a contact, which handlers receive after the message.
const (
	originUser       = lua.LString("user")       // the user has made the change
	originEcho       = lua.LString("echo")       // Spectrum repeats a change of the script
	originAuthorized = lua.LString("authorized") // the user has accepted an auth_request
	originRefused    = lua.LString("refused")    // the user has removed a contact that asked
)

var (
	buddiesType      = schema.TypeByNumber(pb.WrapperMessage_TYPE_BUDDIES)
	buddyRemovedType = schema.TypeByNumber(pb.WrapperMessage_TYPE_BUDDY_REMOVED)

	aliasField = buddyChangedType.Payload.Field("alias").Number
	groupField = buddyChangedType.Payload.Field("group").Number

	rosterSeed = maphash.MakeSeed()
)

// maxRoster is the largest number of contacts in one call of session:roster, and of
// auth_requests without an answer.
const maxRoster = 100_000

// roster holds what Spectrum's roster of the user says about contacts, as far as the
// session knows. The script lock guards it.
type roster struct {
	entries rosterEntries
	// asked has the names of contacts whose auth_request the user has not answered.
	asked map[string]struct{}
	// names has the contacts that Spectrum reported after the login, until the first
	// call of session:roster. It is nil without the feature send_buddies_on_login.
	names []string
}

// sent notes a change by the script. Spectrum keeps the alias and the groups of a
// contact if the message does not set them.
func (r *roster) sent(payload []byte) {
	now := entryOf(payload)
	old, _ := r.entries.get(now.name)
	r.entries.put(rosterEntry{now.name, cmp.Or(now.alias, old.alias), cmp.Or(now.groups, old.groups)})
}

// changed notes a change that Spectrum has reported, and returns its origin.
func (r *roster) changed(payload []byte) lua.LString {
	if b := (pb.Buddy{}); proto.Unmarshal(payload, &b) == nil && b.Blocked != nil {
		return originUser // the user blocks or unblocks a contact, which an echo never says
	}
	now := entryOf(payload)
	old, known := r.entries.get(now.name)
	// What Spectrum reports is known, even if it is empty.
	now.alias, now.groups = cmp.Or(now.alias, hashOf(nil)), cmp.Or(now.groups, hashOf(nil))
	r.entries.put(now)
	if known && (old.alias == 0 || old.alias == now.alias) && (old.groups == 0 || old.groups == now.groups) {
		return originEcho
	}
	if r.answered(string(buddyName(payload))) {
		return originAuthorized
	}
	return originUser
}

// removed notes that the user has removed a contact, and returns the origin.
func (r *roster) removed(payload []byte) lua.LString {
	r.entries.remove(hashOf(buddyName(payload)))
	if r.answered(string(buddyName(payload))) {
		return originRefused
	}
	return originUser
}

// forget notes that the script has removed a contact.
func (r *roster) forget(payload []byte) {
	r.entries.remove(hashOf(buddyName(payload)))
	r.answered(string(buddyName(payload)))
}

// ask notes that the script has sent an auth_request.
func (r *roster) ask(payload []byte) {
	if r.asked == nil {
		r.asked = map[string]struct{}{}
	}
	if len(r.asked) < maxRoster {
		r.asked[string(buddyName(payload))] = struct{}{}
	}
}

// answered reports whether a contact had an open auth_request, and closes it.
func (r *roster) answered(name string) bool {
	_, open := r.asked[name]
	delete(r.asked, name)
	return open
}

// reported notes the user's roster, which Spectrum has sent after the login.
func (r *roster) reported(buddies *pb.Buddies) {
	for _, b := range buddies.GetBuddy() {
		if len(r.names) < maxRoster {
			r.names = append(r.names, b.GetBuddyName())
		}
	}
}

// entryOf returns the hashes of a message's contact. An empty alias or list is 0.
func entryOf(payload []byte) rosterEntry {
	e := rosterEntry{name: hashOf(buddyName(payload))}
	if alias := schema.Find(payload, aliasField); len(alias) > 0 {
		e.alias = hashOf(alias)
	}
	for group := range schema.FindAll(payload, groupField) {
		e.groups += hashOf(group) // the order does not matter
	}
	return e
}

// hashOf returns a hash that is not 0.
func hashOf(b []byte) uint64 { return maphash.Bytes(rosterSeed, b) | 1 }

// origin notes a change of the user's contacts that Spectrum reports, and returns why
// Spectrum reports it. The handler receives that as its last argument. origin returns ""
// for other messages.
func (h *Host) origin(s *session.Session, m session.Message) lua.LString {
	switch m.Type {
	case buddyChangedType:
		return h.sessionObject(s).roster.changed([]byte(m.Payload))
	case buddyRemovedType:
		obj, payload := h.sessionObject(s), []byte(m.Payload)
		obj.buddies.remove(payload)
		return obj.roster.removed(payload)
	case buddiesType:
		var buddies pb.Buddies
		if proto.Unmarshal([]byte(m.Payload), &buddies) == nil {
			h.sessionObject(s).roster.reported(&buddies)
		}
	}
	return ""
}

// sessionRoster implements session:roster(contacts). It sends the differences between
// a complete list of contacts and what the session has sent before.
func sessionRoster(l *lua.LState, obj *sessionObject) int {
	list := l.CheckTable(2)
	if list.Len() > maxRoster {
		bind.Raise(l, "roster: %d contacts are too many: at most %d are allowed", list.Len(), maxRoster)
	}
	payloads := make([][]byte, 0, list.Len())
	listed := make(map[string]int, list.Len())
	for i := 1; i <= list.Len(); i++ {
		fields, ok := list.RawGetInt(i).(*lua.LTable)
		if !ok {
			bind.Raise(l, "roster: contact %d: table of fields expected (as in { buddy_name = … }), got %s", i, list.RawGetInt(i).Type())
		}
		payload, err := obj.host.payload(buddyChangedType, obj.session.User, fields)
		if err != nil {
			bind.Raise(l, "roster: contact %d: %v", i, err)
		}
		name := string(buddyName(payload))
		if first := listed[name]; first > 0 {
			bind.Raise(l, "roster: contacts %d and %d have the same buddy_name %q", first, i, name)
		}
		listed[name] = i
		payloads = append(payloads, bytes.Clone(payload))
	}
	list.ForEach(func(k, _ lua.LValue) {
		if n, ok := k.(lua.LNumber); !ok || int(n) < 1 || int(n) > len(payloads) {
			bind.Raise(l, "roster: list of contacts expected, but the table has the key %s", bind.QuoteKey(k))
		}
	})
	for _, name := range obj.toRemove(listed) {
		fields := bind.NewTable()
		fields.RawSetString("buddy_name", lua.LString(name))
		obj.alive(l)
		obj.host.send(l, buddyRemovedType, obj.session, obj.session.User, fields)
	}
	for _, payload := range payloads {
		obj.alive(l) // a send may wait
		if last := obj.buddies.find(string(buddyName(payload))); !bytes.Equal(last, payload) {
			obj.host.transmit(l, buddyChangedType, obj.session, payload)
		}
	}
	return 0
}

// toRemove returns the known contacts that are not listed, sorted.
func (obj *sessionObject) toRemove(listed map[string]int) []string {
	var names []string
	for _, payload := range obj.buddies {
		if name := string(buddyName(payload)); listed[name] == 0 {
			names = append(names, name)
		}
	}
	for _, name := range obj.roster.names {
		if listed[name] == 0 {
			names = append(names, name)
		}
	}
	obj.roster.names = nil
	slices.Sort(names)
	return slices.Compact(names)
}
