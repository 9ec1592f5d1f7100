package component

import (
	"net"
	"strings"
)

// usualPort is the port for components of Prosody, and of most configs.
const usualPort = "5347"

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

// serverConfig returns the lines for the configs of Prosody and ejabberd. Prosody needs a
// line for the port only if it is an unusual one, and ignores that line below a VirtualHost.
func (e *Error) serverConfig() string {
	_, port, err := net.SplitHostPort(e.Address)
	if err != nil || port == "" || e.Cause.otherPort {
		port = usualPort
	}
	unusual := ""
	if port != usualPort {
		unusual = "    component_ports = { PORT } -- above the first VirtualHost\n"
	}
	return strings.NewReplacer("JID", e.JID, "PORT", port, "SECRET", "the value of [service] password").Replace(`Prosody, at the end of /etc/prosody/prosody.cfg.lua:

` + unusual + `    Component "JID"
        component_secret = "SECRET"

ejabberd, /etc/ejabberd/ejabberd.yml, below listen:

    - port: PORT
      module: ejabberd_service
      hosts: { "JID": { password: "SECRET" } }
`)
}
