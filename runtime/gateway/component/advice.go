package component

import (
	"fmt"
	"net"
	"strings"
)

// Hint returns in one line what the admin has to do, or "" if the error passes by itself.
func (e *Error) Hint() string {
	switch e.Kind {
	case ErrAddress:
		return "correct [service] server, the address of the XMPP server, usually 127.0.0.1"
	case ErrRefused:
		return "check that the XMPP server runs and has this component in its config, and that [service] port is its component port"
	case ErrUnknownHost:
		return "add the component to the config of the XMPP server, and reload it"
	case ErrSecret:
		return "give [service] password and the config of the XMPP server the same secret"
	case ErrConflict:
		return fmt.Sprintf("end the other process that serves %s, such as Spectrum 2, or give it another [service] jid", e.JID)
	case ErrProtocol:
		return "set [service] port to the component port of the XMPP server, usually 5347; 5222 and 5269 are for clients and servers"
	}
	return ""
}

// Advice returns Hint, and the lines for the config of the XMPP server if they can help.
// It contains no secret.
func (e *Error) Advice() string {
	switch e.Kind {
	case ErrRefused, ErrUnknownHost, ErrSecret, ErrProtocol:
		return e.Hint() + "\n\n" + e.serverConfig()
	}
	return e.Hint()
}

// serverConfig returns the lines for the configs of Prosody and ejabberd.
func (e *Error) serverConfig() string {
	_, port, err := net.SplitHostPort(e.Address)
	if err != nil || port == "" {
		port = "5347"
	}
	return strings.NewReplacer("JID", e.JID, "PORT", port, "SECRET", "the value of [service] password").Replace(`Prosody, /etc/prosody/prosody.cfg.lua:

    component_ports = { PORT }
    Component "JID"
        component_secret = "SECRET"

ejabberd, /etc/ejabberd/ejabberd.yml, below listen:

    - port: PORT
      module: ejabberd_service
      hosts: { "JID": { password: "SECRET" } }
`)
}
