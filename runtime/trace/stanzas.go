package trace

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/xmltree"
)

// Stanzas shows the stanzas of a component stream to watchers, as messages of the type
// RAW_XML. The zero value is ready. It is safe for concurrent use.
type Stanzas struct{ tracer Tracer }

// On reports whether somebody watches. It costs one atomic load.
func (s *Stanzas) On() bool { return s.tracer.On() }

// In shows a stanza of the XMPP server.
func (s *Stanzas) In(stanza string) { s.tracer.In(pb.WrapperMessage_TYPE_RAW_XML, []byte(stanza)) }

// Out shows a stanza for the XMPP server.
func (s *Stanzas) Out(stanza string) { s.tracer.Out(pb.WrapperMessage_TYPE_RAW_XML, []byte(stanza)) }

// Watch returns a watcher of stanzas; see Tracer.Watch.
func (s *Stanzas) Watch(user string) *Watcher { return s.tracer.Watch(user) }

// IsOwn reports whether a stanza is to or from the transport itself, not one of its
// contacts: registration, commands, and answers to questions are such stanzas. It also returns
// true if the stanza does not parse.
func IsOwn(transport string, stanza []byte) bool {
	node, err := xmltree.Parse(string(stanza), xmltree.DefaultLimits)
	return err != nil || isUser(transport, node.Get("to")) || isUser(transport, node.Get("from"))
}
