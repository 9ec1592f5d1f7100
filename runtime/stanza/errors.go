package stanza

import (
	"fmt"

	"spectrumlua/runtime/xmltree"
)

// Condition is the reason for an error (RFC 6120, section 8.3.3).
type Condition string

// Conditions of errors.
const (
	BadRequest            Condition = "bad-request"
	Conflict              Condition = "conflict"
	FeatureNotImplemented Condition = "feature-not-implemented"
	Forbidden             Condition = "forbidden"
	InternalServerError   Condition = "internal-server-error"
	ItemNotFound          Condition = "item-not-found"
	JIDMalformed          Condition = "jid-malformed"
	NotAcceptable         Condition = "not-acceptable"
	NotAllowed            Condition = "not-allowed"
	NotAuthorized         Condition = "not-authorized"
	RecipientUnavailable  Condition = "recipient-unavailable"
	RegistrationRequired  Condition = "registration-required"
	RemoteServerTimeout   Condition = "remote-server-timeout"
	ResourceConstraint    Condition = "resource-constraint"
	ServiceUnavailable    Condition = "service-unavailable"
	UnexpectedRequest     Condition = "unexpected-request"
)

// errorTypes has the type of an error for each condition: what the sender can do.
var errorTypes = map[Condition]string{
	BadRequest: "modify", Conflict: "cancel", FeatureNotImplemented: "cancel", Forbidden: "auth",
	InternalServerError: "cancel", ItemNotFound: "cancel", JIDMalformed: "modify", NotAcceptable: "modify",
	NotAllowed: "cancel", NotAuthorized: "auth", RecipientUnavailable: "wait", RegistrationRequired: "auth",
	RemoteServerTimeout: "wait", ResourceConstraint: "wait", ServiceUnavailable: "cancel", UnexpectedRequest: "modify",
}

// Error is the content of an error stanza. It is a Go error, too.
type Error struct {
	Condition Condition
	Text      string // for people; may be empty
	// App is a more specific reason that an extension defines. It is optional.
	App App
}

// App is a reason for an error that an extension defines. It is an element, which may have
// an attribute, or a child with a text.
type App struct {
	Space, Name string
	Attr, Value string
	Child, Text string
}

// Errorf returns an *Error.
func Errorf(c Condition, format string, args ...any) *Error {
	return &Error{Condition: c, Text: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	if e.Text == "" {
		return string(e.Condition)
	}
	return e.Text
}

// Bounce returns the error stanza that answers a stanza. A stanza of type error must not
// be answered.
func Bounce(answered *xmltree.Node, e *Error) *xmltree.Node {
	const space = "urn:ietf:params:xml:ns:xmpp-stanzas"
	return Element("", answered.Name, Attrs{
		"from", Attr(answered, "to"), "to", Attr(answered, "from"), "type", "error", "id", Attr(answered, "id"),
	}, Element("", "error", Attrs{"type", errorTypes[e.Condition]},
		Element(space, string(e.Condition), nil), Optional(space, "text", e.Text), e.App.node()))
}

func (a App) node() *xmltree.Node {
	if a == (App{}) {
		return nil
	}
	n := Element(a.Space, a.Name, Attrs{a.Attr, a.Value})
	if a.Child != "" {
		Add(n, Text(a.Space, a.Child, a.Text))
	}
	return n
}

// ErrorOf returns the error in a stanza of type error. It returns nil for other stanzas.
func ErrorOf(n *xmltree.Node) *Error {
	if Attr(n, "type") != "error" {
		return nil
	}
	e := &Error{Condition: "undefined-condition"}
	for _, child := range Children(Child(n, "", "error")) {
		switch {
		case child.Space != "urn:ietf:params:xml:ns:xmpp-stanzas":
			e.App = App{Space: child.Space, Name: child.Name}
		case child.Name == "text":
			e.Text = Body(child)
		default:
			e.Condition = Condition(child.Name)
		}
	}
	return e
}
