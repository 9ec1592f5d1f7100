// Package service is the chat between users and the transport itself: notices and questions
// of the script, and what the user writes. The script's host decides what a text means.
package service

import (
	"strings"

	"spectrumlua/pb"
	"spectrumlua/runtime/dialog"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	f := router.Feature{
		Name: "service",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.Bits, Handle: bits},
		},
		Payloads: []router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_SERVICE_MESSAGE, router.Any, notice),
			router.On(pb.WrapperMessage_TYPE_QUESTION, router.Any, ask),
			router.On(pb.WrapperMessage_TYPE_ANSWER, router.Any, ended),
		},
		Disco: []router.Disco{
			{Target: router.Transport, Var: stanza.Bits},
			{Target: router.Transport, Var: stanza.Receipts},
		},
		Hooks: router.Hooks{Logout: func(u *router.User) { states.Drop(u) }},
	}
	for _, typ := range []string{"chat", "normal"} {
		f.Stanzas = append(f.Stanzas, router.Route{Kind: "message", Type: typ, To: router.Transport, Handle: fromUser})
	}
	return f
}

// state is the open question of a user, and the last picture, which clients fetch.
type state struct {
	question *pb.Question
	picture  *picture
}

var states router.Slot[state]

// Open returns the question that the user has to answer, or nil.
func Open(u *router.User) *pb.Question {
	if s := states.Peek(u); s != nil {
		return s.question
	}
	return nil
}

// Answer passes the answer in a form to the script.
func Answer(u *router.User, id, text string) {
	u.Deliver(pb.WrapperMessage_TYPE_ANSWER, &pb.Answer{UserName: &u.JID, Id: &id, Text: &text})
}

// Notice writes to all clients of the user.
func Notice(u *router.User, text string) {
	send(u, stanza.Text("", "body", text))
}

func send(u *router.User, content ...*xmltree.Node) {
	u.Send(stanza.Message(u.Router().JID(), u.JID, "chat", content...))
}

// notice handles SERVICE_MESSAGE of the script.
func notice(u *router.User, m *pb.ServiceMessage) {
	content := []*xmltree.Node{stanza.Text("", "body", m.GetMessage())}
	for _, a := range m.GetAttachment() {
		content = append(content, outOfBand(a.GetUrl()))
	}
	send(u, content...)
}

func outOfBand(url string) *xmltree.Node {
	return stanza.Element(stanza.OutOfBand, "x", nil, stanza.Text(stanza.OutOfBand, "url", url))
}

// ask handles QUESTION. The message goes to the bare JID: all clients receive it, and the
// user's server stores it while none is online.
func ask(u *router.User, q *pb.Question) {
	s := states.Of(u)
	s.question = q
	content := []*xmltree.Node{stanza.Text("", "body", dialog.Text(q, "a form: the command \"Answer the question\" of this transport"))}
	for _, a := range q.GetAttachment() {
		content = append(content, outOfBand(a.GetUrl()))
	}
	if len(q.GetPicture()) > 0 {
		s.picture = newPicture(q.GetPicture())
		content = append(content, s.picture.markup(q.GetText()), s.picture.small())
	}
	send(u, content...)
}

// ended handles the end of a question.
func ended(u *router.User, a *pb.Answer) {
	if s := states.Peek(u); s != nil && s.question.GetId() == a.GetId() {
		s.question = nil
	}
}

// textOf returns the text of a message without a quotation (XEP-0461). It returns "" for a
// reaction or a retraction: their texts are for clients that do not know them.
func textOf(n *xmltree.Node) string {
	var c modern.Content
	for _, child := range stanza.Children(n) {
		c.Add(child)
	}
	text := stanza.ChildText(n, "", "body")
	switch {
	case c.Reacts != "" || c.Retracts != "":
		return ""
	case c.AnswerTo != "":
		text, _ = c.Without(text, stanza.Reply)
	}
	return text
}

// fromUser handles a message to the transport. While a secret question is open, the text is
// an answer: so it is a secret everywhere. Messages without a text, such as chat states, are
// ignored.
func fromUser(u *router.User, s *router.Stanza) {
	text := textOf(s.Node)
	switch q := Open(u); {
	case strings.TrimSpace(text) == "":
		return
	case u.State == router.Offline:
		s.Fail(stanza.RecipientUnavailable, "You are not connected to the network.")
		return
	case q.GetSecret() && !dialog.Passes(text):
		Answer(u, q.GetId(), strings.TrimSpace(text))
	default:
		u.Deliver(pb.WrapperMessage_TYPE_SERVICE_MESSAGE, &pb.ServiceMessage{UserName: &u.JID, Message: &text, Id: &s.ID})
	}
	if stanza.Child(s.Node, stanza.Receipts, "request") != nil && s.ID != "" {
		u.Send(stanza.Message(u.Router().JID(), s.From, s.Type, stanza.Element(stanza.Receipts, "received", stanza.Attrs{"id", s.ID})))
	}
}
