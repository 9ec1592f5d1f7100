package component

import (
	"net"
	"strings"
)

// Hint returns in one line what the admin has to do, or "" if the error passes by itself.
func (e *Error) Hint() string { return e.Cause.hint }

// Advice returns Hint, and the lines for the config of the XMPP server if they can help.
// It contains no secret.
func (e *Error) Advice() string {
	if !e.Cause.config {
		return e.Cause.hint
	}
	return e.Cause.hint + "\n\n" + e.serverConfig()
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
