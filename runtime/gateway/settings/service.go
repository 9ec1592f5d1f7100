package settings

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"spectrumlua/runtime/jid"
)

// Service is the section [service].
type Service struct {
	JID      string
	Password string
	Address  string // host:port of the XMPP server's component port
	// AllowedServers are the domains whose users may use the transport. An empty list
	// allows all.
	AllowedServers []string
	AdminJIDs      []string // bare JIDs
	VIPOnly        bool
	VIPMessage     string
	JIDEscaping    bool
	// XHTML is enable_xhtml: users receive the markup of messages.
	XHTML bool
	// MediaBody is oob_replace_body: the body of a message with a picture in its markup is
	// the address of the picture.
	MediaBody bool
	// MaxRoomList is the greatest number of rooms in a list of rooms; 0 means no limit.
	MaxRoomList int
	// LoginDelay is the time between two logins that the gateway causes, such as those at the
	// start of the process.
	LoginDelay time.Duration
	// RemoveBuddy says that the script hears of contacts that the user has accepted and
	// now removes.
	RemoveBuddy bool
}

func readService(r *reader) Service {
	s := Service{
		JID:         r.jid(),
		Password:    r.text("service.password", ""),
		Address:     address(r.text("service.server", "127.0.0.1"), r.number("service.port", 5347, 1, 65535)),
		VIPOnly:     r.flag("service.vip_only", false),
		VIPMessage:  r.text("service.vip_message", ""),
		JIDEscaping: r.flag("service.jid_escaping", true),
		XHTML:       r.flag("service.enable_xhtml", true),
		MediaBody:   r.flag("service.oob_replace_body", true),
		MaxRoomList: r.number("service.max_room_list_size", 0, 0, 1_000_000),
		LoginDelay:  time.Duration(r.number("service.login_delay", 0, 0, 3600)) * time.Second,
		RemoveBuddy: r.flag("service.enable_remove_buddy", false),
	}
	s.AllowedServers = lower(r.list("service.allowed_servers"))
	s.AdminJIDs = lower(r.list("service.admin_jid"))
	local, _, resource := jid.Split(s.JID)
	switch {
	case s.JID == "":
		r.wrong("service.jid", "it is missing: set it to the name of the component in the XMPP server")
	case strings.ContainsAny(s.JID, blanks):
		r.wrong("service.jid", "%q has a blank: set it to the name of the component in the XMPP server, such as mychat.example.org", s.JID)
	case local+resource != "":
		r.wrong("service.jid", "%q is the JID of a user: set it to the name of the component in the XMPP server, such as mychat.example.org", s.JID)
	}
	if s.Password == "" {
		r.wrong("service.password", "it is missing: set it to the secret of the component in the XMPP server")
	}
	if r.flag("service.server_mode", false) {
		r.wrong("service.server_mode", "serve is a component of an XMPP server: set it to 0")
	}
	return s
}

const blanks = " \t"

func (r *reader) jid() string {
	r.note("service.jid")
	return JID(r.config.JID())
}

// JID returns a transport's JID as servers pass it on: in lower case, without variants of
// characters such as fullwidth letters. Servers close the stream of a component whose stanzas
// come from another spelling.
func JID(written string) string { return strings.ToLower(norm.NFKC.String(written)) }

// lower returns domains or bare JIDs as servers write them in the stanzas of users.
func lower(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strings.ToLower(name)
	}
	return all
}

// Allows reports whether the users of the server of a JID may use the transport.
func (s Service) Allows(user string) bool {
	_, domain, _ := jid.Split(user)
	return len(s.AllowedServers) == 0 || slices.Contains(s.AllowedServers, domain)
}
