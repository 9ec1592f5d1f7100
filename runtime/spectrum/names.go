package spectrum

import (
	"net/netip"
	"strings"

	"spectrumlua/runtime/jid"
)

// Spectrum 2.2.1 parses the sender of raw XML as a JID, converts it to the JID of a contact
// or room, and sends a stanza whose sender is no JID as the transport itself. So only a name
// that is a JID may be a sender. The rules here are narrower than those of Spectrum: they
// allow names that have been tried.

// maxPart is the length of the longest part of a JID, in bytes.
const maxPart = 1023

// isJID reports whether Spectrum accepts a contact's name as a JID: a host name, or a host
// name after an @.
func isJID(name string) bool {
	local, host, found := strings.Cut(name, "@")
	if !found {
		return isHost(name)
	}
	return isLocal(local) && isHost(host)
}

// isRoomJID reports whether Spectrum accepts a room's name as a JID and finds the room then:
// it compares the name with the JID, whose letters are in lower case.
func isRoomJID(name string) bool { return isJID(name) && strings.ToLower(name) == name }

func isLocal(s string) bool {
	return s != "" && len(s) <= maxPart && strings.IndexFunc(s, neverLocal) < 0
}

// neverLocal reports whether a character cannot be in the localpart of a JID, or may become
// another one there.
func neverLocal(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"&'/:<>@\`, r) }

// isHost reports whether a text is the name of a host or an IPv4 address. Swiften refuses a
// name whose last label is a number.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return strings.Contains(s, ".")
	}
	labels := strings.Split(s, ".")
	if len(s) > 253 || strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.IndexFunc(label, neverHost) >= 0 {
			return false
		}
	}
	return true
}

func neverHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}

// contactJID returns the JID of a contact as clients see it, without its resource.
func (s *Side) contactJID(name string) string { return jid.Escape(name) + "@" + s.opts.JID }

// roomJID returns the JID of a room as clients see it.
func (s *Side) roomJID(name string) string {
	if at := strings.LastIndexByte(name, '@'); at >= 0 {
		name = name[:at] + "%" + name[at+1:]
	}
	return name + "@" + s.opts.JID
}
