package component

import (
	"net"
	"strings"
)

// usualPort is the port for components of Prosody, and of most configs.
const usualPort = "5347"

// The hints for causes without one, if no login has succeeded so far.
const (
	hintPort = "check that the XMPP server runs, that [service] server and port are those of its component port, usually 5347, " +
		"and that no firewall blocks them; 5222 and 5269 are for clients and servers"
	hintComponent = "check that the config of the XMPP server has this component with the secret in [service] password; " +
		"the log of the XMPP server may have the reason"
)

// Hint returns in one line what the admin has to do, or "" if the error passes by itself.
func (e *Error) Hint() string {
	switch {
	case !e.unproven():
		return e.Cause.hint
	case e.greeted:
		return hintComponent
	}
	return hintPort
}

// unproven reports whether a mistake of the admin explains an error that has no hint otherwise.
func (e *Error) unproven() bool { return e.first && e.Cause.hint == "" && !passing[e.Condition] }

// Advice returns Hint, and the lines for the config of the XMPP server if they can help.
// It contains no secret.
func (e *Error) Advice() string {
	if !e.Cause.config && !e.unproven() {
		return e.Cause.hint
	}
	return e.Hint() + "\n\n" + e.serverConfig()
}

// otherPort reports whether the port is probably one for something else.
func (e *Error) otherPort() bool { return e.Cause.otherPort || e.Cause == ErrEnded && !e.greeted }

// serverConfig returns the lines for the configs of Prosody and ejabberd. Prosody needs a
// line for the port only if it is an unusual one, and ignores that line below a VirtualHost.
func (e *Error) serverConfig() string {
	_, port, err := net.SplitHostPort(e.Address)
	if err != nil || port == "" || e.otherPort() {
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
