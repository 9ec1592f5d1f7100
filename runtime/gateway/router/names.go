package router

import (
	"strings"

	"spectrumlua/runtime/jid"
)

// contactResource is the resource of contacts, as Spectrum has it.
const contactResource = "/bot"

// JID returns the JID of the transport.
func (r *Router) JID() string { return r.Settings.Service.JID }

// ContactJID returns the bare JID of a contact.
func (u *User) ContactJID(name string) string {
	written := name
	if !u.router.Settings.Service.JIDEscaping {
		written = percent(name, "@", "%")
	}
	return u.address(jid.Escape(written), name)
}

// ContactFrom returns the full JID that a contact's stanzas come from.
func (u *User) ContactFrom(name string) string { return u.ContactJID(name) + contactResource }

// RoomJID returns the bare JID of a room.
func (u *User) RoomJID(name string) string {
	return u.address(jid.Escape(percent(name, "@", "%")), name)
}

// address returns the JID with a localpart. Servers convert localparts to lower case, so
// the user keeps the name in the case of the script.
func (u *User) address(local, name string) string {
	if folded := strings.ToLower(local); folded != local && u.State != Offline {
		if u.names == nil {
			u.names = map[string]string{}
		}
		u.names[folded] = name
	}
	return local + "@" + u.router.Settings.Service.JID
}

// nameOf returns the name on the network for the localpart of a JID, in the case in which
// the script has written it since the login.
func (u *User) nameOf(local string) string {
	if name, known := u.names[strings.ToLower(local)]; known {
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
