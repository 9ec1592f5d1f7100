package component

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"spectrumlua/runtime/shorten"
	"spectrumlua/runtime/xmltext"
	"spectrumlua/runtime/xmltree"
)

// Cause is the cause of an Error. Use errors.Is with one of the variables below.
type Cause struct {
	text      string
	hint      string // what the admin has to do; "" if time removes the cause
	config    bool   // the lines for the config of the server help
	otherPort bool   // the port is not one for components
	permanent bool   // only the admin can remove the cause
}

func (c *Cause) Error() string { return c.text }

// The causes that the admin has to remove.
var (
	ErrAddress = &Cause{
		text: "the name of the XMPP server cannot be resolved",
		hint: "correct [service] server, the address of the XMPP server, usually 127.0.0.1",
	}
	ErrRefused = &Cause{
		text:   "no XMPP server accepts components at this address",
		hint:   "check that the XMPP server runs and has this component in its config, and that [service] port is its component port, usually 5347",
		config: true,
	}
	ErrSecret = &Cause{
		text:   "the XMPP server does not accept the password",
		hint:   "give [service] password and the config of the XMPP server the same secret",
		config: true, permanent: true,
	}
	ErrUnknownHost = &Cause{
		text:   "the XMPP server does not know this component",
		hint:   "correct [service] jid, or add the component to the config of the XMPP server; then restart Prosody, or reload the config of ejabberd",
		config: true, permanent: true,
	}
	ErrConflict = &Cause{
		text: "another process is connected as this component",
		hint: "end the other process that serves this JID, such as Spectrum 2, or give it another [service] jid",
	}
	ErrProtocol = &Cause{
		text:   "this is not the component port of an XMPP server",
		hint:   "set [service] port to the component port of the XMPP server, usually 5347; 5222 and 5269 are for clients and servers",
		config: true, otherPort: true, permanent: true,
	}
)

// The causes that time removes, unless no login has succeeded so far.
var (
	ErrTimeout   = &Cause{text: "the XMPP server does not answer"}
	ErrEnded     = &Cause{text: "the XMPP server has closed the stream"}
	ErrMalformed = &Cause{text: "the XMPP server has sent XML that is not valid"}
	ErrStream    = &Cause{text: "the XMPP server reports an error of the stream"}
	ErrNetwork   = &Cause{text: "the connection to the XMPP server has failed"}
)

// Error is a failed connection, or a failed attempt to connect.
type Error struct {
	Address, JID string
	Cause        *Cause
	Condition    string // of the stream error (RFC 6120, section 4.9.3), or ""
	Text         string // the server's own words, or ""
	Err          error  // the error of the network or the parser, or nil

	first   bool // no login has succeeded so far, so a mistake of the admin is likely
	greeted bool // the server has opened a stream for components
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s at %s: %v", e.JID, e.Address, e.Cause)
	switch {
	case e.Condition != "" && e.Text != "":
		text += fmt.Sprintf(" (%s: %s)", e.Condition, e.Text)
	case e.Condition != "":
		text += fmt.Sprintf(" (%s)", e.Condition)
	case e.Err != nil:
		text += fmt.Sprintf(" (%v)", e.Err)
	}
	return text
}

// Unwrap returns the cause and the error below.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Cause}
	}
	return []error{e.Cause, e.Err}
}

// Permanent reports whether only the admin can remove the cause.
func (e *Error) Permanent() bool { return e.Cause.permanent }

// fail returns an error of a connection.
func (c *Component) fail(cause *Cause, err error) *Error {
	return &Error{Address: c.opts.Address, JID: c.opts.JID, Cause: cause, Err: err}
}

// dialError returns the error of an attempt to connect.
func (c *Component) dialError(err error) *Error {
	var dns *net.DNSError
	var address *net.AddrError
	switch {
	case errors.As(err, &dns), errors.As(err, &address):
		return c.fail(ErrAddress, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return c.fail(ErrRefused, err)
	case isTimeout(err):
		return c.fail(ErrTimeout, err)
	}
	return c.fail(ErrNetwork, err)
}

// lost returns the error for one of reading or writing.
func (c *Component) lost(err error) *Error {
	switch {
	case isTimeout(err):
		return c.fail(ErrTimeout, nil)
	case errors.Is(err, io.EOF):
		return c.fail(ErrEnded, nil)
	case errors.Is(err, io.ErrClosedPipe), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		return c.fail(ErrEnded, err)
	}
	return c.fail(ErrNetwork, err)
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// The namespaces of streams (RFC 6120, section 4.8).
const (
	streamSpace = "http://etherx.jabber.org/streams"
	errorSpace  = "urn:ietf:params:xml:ns:xmpp-streams"
)

// conditions are the causes of the stream errors. All others are ErrStream.
var conditions = map[string]*Cause{
	"not-authorized": ErrSecret,
	"host-unknown":   ErrUnknownHost,
	"host-gone":      ErrUnknownHost,
	"conflict":       ErrConflict,
	// A port for clients or servers.
	"invalid-namespace":   ErrProtocol,
	"unsupported-version": ErrProtocol,
}

// passing are the stream errors that end by themselves.
var passing = map[string]bool{
	"connection-timeout": true, "internal-server-error": true, "reset": true, "resource-constraint": true, "system-shutdown": true,
}

// innocent are the stream errors that are not about a stanza of ours.
var innocent = map[string]bool{
	"conflict": true, "connection-timeout": true, "host-gone": true, "host-unknown": true,
	"internal-server-error": true, "not-authorized": true, "remote-connection-failed": true,
	"reset": true, "resource-constraint": true, "see-other-host": true, "system-shutdown": true,
}

// streamError returns the error in a stream:error. A see-other-host is an error as any
// other, because its address could lead to anyone.
func (c *Component) streamError(n *xmltree.Node) *Error {
	e := c.fail(ErrStream, nil)
	for _, child := range n.Children {
		switch el := child.Element; {
		case el == nil || el.Space != errorSpace:
		case el.Name == "text":
			e.Text = excerpt(textOf(el))
		case e.Condition == "":
			e.Condition = excerpt(el.Name)
		}
	}
	if e.Condition == "" {
		e.Condition = "undefined-condition"
	}
	if cause, known := conditions[e.Condition]; known {
		e.Cause = cause
	}
	return e
}

// textOf returns the text in an element.
func textOf(n *xmltree.Node) string {
	var b strings.Builder
	for _, child := range n.Children {
		b.WriteString(child.Text)
	}
	return b.String()
}

// excerpt returns the beginning of a text of the server, in one line.
func excerpt(s string) string {
	const most = 200
	return shorten.Ellipsis(strings.Join(strings.Fields(xmltext.Clean(s)), " "), most)
}
