package router

import (
	"iter"
	"strings"

	"golang.org/x/text/unicode/norm"

	"spectrumlua/runtime/jid"
)

// contactResource is the resource of contacts, as Spectrum has it.
const contactResource = "bot"

// JID returns the JID of the transport.
func (r *Router) JID() string { return r.Settings().Service.JID }

// Escapes reports whether the JIDs of new contacts are escaped (XEP-0106). A script with the
// feature disable_jid_escaping escapes the names itself.
func (r *Router) Escapes() bool {
	return r.Settings().Service.JIDEscaping && !r.Feature("disable_jid_escaping")
}

// ContactJID returns the bare JID of a contact.
func (u *User) ContactJID(name string) string {
	local := u.contactLocal(name)
	if len(u.known) > 0 {
		delete(u.known, Fold(local)) // see KnowRoom
	}
	return u.address(local, name)
}

// maxTyped is the number of names that TypedJID notes for a user.
const maxTyped = 1000

// TypedJID returns the bare JID of a contact whose name the user has typed. Messages to the JID
// have the name as the user has typed it, unless the script has written it in another case, the
// contact is in the roster, or the name is known as a room's.
func (u *User) TypedJID(name string, roster iter.Seq[string]) string {
	key := Fold(name)
	for contact := range roster {
		if Fold(contact) == key {
			name = contact
			break
		}
	}
	local := u.contactLocal(name)
	u.noteTyped(Fold(local), local, name)
	return local + "@" + u.router.JID()
}

// noteTyped notes a name for a localpart, unless the localpart has it already.
func (u *User) noteTyped(folded, local, name string) {
	_, noted := u.typed[folded]
	switch {
	case folded == local:
		delete(u.typed, folded)
	case u.State == Offline || !noted && len(u.typed) >= maxTyped:
	default:
		if u.typed == nil {
			u.typed = map[string]string{}
		}
		u.typed[folded] = name
		u.lastFrom = sender{} // address has to forget the name
	}
}

// contactLocal returns the localpart of a contact's JID.
func (u *User) contactLocal(name string) string {
	written := name
	if u.router.Escapes() == u.unusual[name] {
		if written = percent(name, "@", "%"); !strings.ContainsAny(written, " \"&'/:<>@") {
			return written
		}
	}
	return jid.Escape(written)
}

// SetEscaping sets whether the JID of a contact is escaped (XEP-0106), or has a % for the
// last @. The config decides for contacts without a call. The JID of a contact must not
// change with the config, because it is in the user's roster. The setting ends with the
// session.
func (u *User) SetEscaping(name string, escaped bool) {
	u.lastFrom = sender{}
	switch {
	case !strings.Contains(name, "@"): // both are the same
	case escaped == u.router.Escapes():
		delete(u.unusual, name)
	default:
		if u.unusual == nil {
			u.unusual = map[string]bool{}
		}
		u.unusual[name] = true
	}
}

// ContactFrom returns the full JID that a contact's stanzas come from. The name may also be
// room/nickname.
func (u *User) ContactFrom(name string) string {
	if room, nick, ok := u.Occupant(name); ok {
		return u.RoomJID(room) + "/" + nick
	}
	escapes := u.router.Escapes()
	if last := &u.lastFrom; last.jid == "" || last.name != name || last.escapes != escapes {
		*last = sender{name, u.ContactJID(name) + "/" + contactResource, escapes}
	}
	jid := u.lastFrom.jid
	if u.State == Offline { // address notes the name only during a session
		u.lastFrom = sender{}
	}
	return jid
}

// sender is the full JID of a contact.
type sender struct {
	name, jid string
	escapes   bool
}

// RoomJID returns the bare JID of a room.
func (u *User) RoomJID(name string) string { return u.address(RoomLocal(name), name) }

// RoomLocal returns the localpart of a room's JID. It has a % for the last @, as in
// Spectrum, unless other characters need an escape: then nameOf expects none in it.
func RoomLocal(name string) string {
	written := percent(name, "@", "%")
	if escaped := jid.Escape(written); escaped == written {
		return written
	}
	return jid.Escape(name)
}

// Fold converts a localpart to the form in which servers pass it on (RFC 6122, appendix
// A). It is the same for all spellings of a script and of clients.
func Fold(local string) string { return strings.ToLower(norm.NFKC.String(local)) }

// RoomKey returns what all spellings of a room's name have in common.
func RoomKey(name string) string { return Fold(RoomLocal(name)) }

// JoinRoom notes that the user has joined a room, or is joining it. Stanzas for its JID have
// this name until LeaveRoom. Two JIDs may have the same name.
func (u *User) JoinRoom(local, name string) {
	u.LeaveRoom(local)
	if u.joined == nil {
		u.joined, u.spelled = map[string]string{}, map[string]int{}
	}
	u.joined[Fold(local)] = name
	u.spelled[RoomKey(name)]++
}

// LeaveRoom is the reverse of JoinRoom.
func (u *User) LeaveRoom(local string) {
	local = Fold(local)
	name, joined := u.joined[local]
	if !joined {
		return
	}
	delete(u.joined, local)
	if key := RoomKey(name); u.spelled[key] > 1 {
		u.spelled[key]--
	} else {
		delete(u.spelled, key)
	}
}

// maxKnown is the number of rooms that KnowRoom notes for a user.
const maxKnown = 1000

// KnowRoom notes that a name is a room's, until the session ends or the script uses the name for
// a contact. The user need not have joined the room.
func (u *User) KnowRoom(name string) {
	if u.State == Offline || len(u.known) >= maxKnown {
		return
	}
	if u.known == nil {
		u.known = map[string]string{}
	}
	u.known[RoomKey(name)] = name
	u.lastFrom = sender{} // ContactJID may have to forget the room
}

// roomOf returns the name on the network of the room with a folded localpart, if the localpart
// is known as a room's.
func (u *User) roomOf(local string) (name string, known bool) {
	if name, known = u.joined[local]; known {
		return name, true
	}
	if name, known = u.known[local]; known {
		return name, true
	}
	for _, room := range u.router.tables.rooms {
		if name = room(u, local); name != "" {
			return name, true
		}
	}
	return "", false
}

// Occupant divides room/nickname if the user has joined the room.
func (u *User) Occupant(name string) (room, nick string, ok bool) {
	for at := strings.IndexByte(name, '/'); at >= 0 && len(u.joined) > 0; {
		if u.HasJoined(name[:at]) && at+1 < len(name) {
			return name[:at], name[at+1:], true
		}
		next := strings.IndexByte(name[at+1:], '/')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return "", "", false
}

// HasJoined reports whether the user has joined a room, or is joining it. The name may be in
// any spelling.
func (u *User) HasJoined(name string) bool { return len(u.spelled) > 0 && u.spelled[RoomKey(name)] > 0 }

// address returns the JID with a localpart. Servers convert localparts to lower case, so
// the user keeps the name in the case of the script.
func (u *User) address(local, name string) string {
	folded := Fold(local)
	if len(u.typed) > 0 {
		delete(u.typed, folded)
	}
	if folded != local && u.State != Offline {
		if u.names == nil {
			u.names = map[string]string{}
		}
		u.names[folded] = name
		u.lastFrom = sender{} // its name may be another spelling
	}
	return local + "@" + u.router.Settings().Service.JID
}

// NameOf returns the name on the network for a JID of the transport: that of a contact or of
// a room.
func (u *User) NameOf(address string) string {
	local, _, _ := jid.Split(address)
	if name, isRoom := u.roomOf(Fold(local)); isRoom {
		return name
	}
	return u.nameOf(local)
}

// IsRoom reports whether a JID of the transport is known as that of a room or an occupant.
func (u *User) IsRoom(address string) bool {
	local, _, _ := jid.Split(address)
	_, known := u.roomOf(Fold(local))
	return known || strings.HasPrefix(u.nameOf(local), "#")
}

// nameOf returns the name on the network for the localpart of a JID, in the case in which
// the script or else the user has written it since the login.
func (u *User) nameOf(local string) string {
	folded := Fold(local)
	if name, known := u.names[folded]; known {
		return name
	}
	if name, known := u.typed[folded]; known {
		return name
	}
	if name := jid.Unescape(local); name != local {
		return name
	}
	return percent(local, "%", "@")
}

// percent replaces the last occurrence of a character.
func percent(name, from, to string) string {
	at := strings.LastIndex(name, from)
	if at < 0 {
		return name
	}
	return name[:at] + to + name[at+1:]
}
