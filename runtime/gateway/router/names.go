package router

import (
	"strings"

	"spectrumlua/runtime/jid"
)

// contactResource is the resource of contacts, as Spectrum has it.
const contactResource = "/bot"

// legacyName returns the name on the network for the localpart of a JID.
func (r *Router) legacyName(local string) string {
	if name := jid.Unescape(local); name != local {
		return name
	}
	return percent(local, "%", "@")
}

// ContactJID returns the bare JID of a contact.
func (r *Router) ContactJID(name string) string {
	if !r.Settings.Service.JIDEscaping {
		name = percent(name, "@", "%")
	}
	return jid.Escape(name) + "@" + r.Settings.Service.JID
}

// ContactFrom returns the full JID that a contact's stanzas come from.
func (r *Router) ContactFrom(name string) string { return r.ContactJID(name) + contactResource }

// RoomJID returns the bare JID of a room.
func (r *Router) RoomJID(name string) string {
	return jid.Escape(percent(name, "@", "%")) + "@" + r.Settings.Service.JID
}

// JID returns the JID of the transport.
func (r *Router) JID() string { return r.Settings.Service.JID }

// percent replaces the last occurrence of a character.
func percent(name, from, to string) string {
	at := strings.LastIndex(name, from)
	if at < 0 {
		return name
	}
	return name[:at] + to + name[at+1:]
}
