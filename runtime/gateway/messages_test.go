package gateway_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const carol = "carol@" + transport

// chat returns a message of alice to carol with some content.
func chat(typ, content string) string {
	return `<message type="` + typ + `" id="m1" from="` + desktop + `" to="` + carol + `">` + content + `</message>`
}

func TestUsersMessageReachesTheScript(t *testing.T) {
	const (
		conv      = pb.WrapperMessage_TYPE_CONV_MESSAGE
		attention = pb.WrapperMessage_TYPE_ATTENTION
		typing    = pb.WrapperMessage_TYPE_BUDDY_TYPING
		typed     = pb.WrapperMessage_TYPE_BUDDY_TYPED
		stopped   = pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING
		html      = `<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">`
		htmlEnd   = `</body></html>`
		oob       = `<x xmlns="jabber:x:oob"><url>https://a.example/1.png</url>`
	)
	url := &pb.Attachment{Url: proto.String("https://a.example/1.png")}
	cases := []struct {
		name, content string
		typ           pb.WrapperMessage_Type // 0: nothing
		want          *pb.ConversationMessage
	}{
		{"text", `<body>a &lt; b</body>`, conv, &pb.ConversationMessage{Message: proto.String("a < b")}},
		{"styling stays as it is", `<body>*a* ~b~</body>`, conv, &pb.ConversationMessage{Message: proto.String("*a* ~b~")}},
		{"text and state", `<body>a</body><active xmlns="http://jabber.org/protocol/chatstates"/>`, conv, &pb.ConversationMessage{Message: proto.String("a")}},
		{"receipt", `<body>a</body><request xmlns="urn:xmpp:receipts"/>`, conv, &pb.ConversationMessage{Message: proto.String("a"), Id: proto.String("m1")}},
		{"a receipt itself", `<received xmlns="urn:xmpp:receipts" id="x"/>`, 0, &pb.ConversationMessage{}},
		{"no content", ``, 0, &pb.ConversationMessage{}},
		{"empty body", `<body/>`, 0, &pb.ConversationMessage{}},
		{"unknown extension", `<thing xmlns="urn:unknown"/>`, 0, &pb.ConversationMessage{}},
		{"composing", `<composing xmlns="http://jabber.org/protocol/chatstates"/>`, typing, &pb.ConversationMessage{}},
		{"paused", `<paused xmlns="http://jabber.org/protocol/chatstates"/>`, typed, &pb.ConversationMessage{}},
		{"active", `<active xmlns="http://jabber.org/protocol/chatstates"/>`, stopped, &pb.ConversationMessage{}},
		{"gone", `<gone xmlns="http://jabber.org/protocol/chatstates"/>`, stopped, &pb.ConversationMessage{}},
		{"unknown state", `<dancing xmlns="http://jabber.org/protocol/chatstates"/>`, 0, &pb.ConversationMessage{}},
		{
			"markup", `<body>a b</body>` + html + `<p style="color:red">a <em>b</em> &amp; c</p>` + htmlEnd, conv,
			&pb.ConversationMessage{Message: proto.String("a b"), Xhtml: proto.String(`<p style="color:red">a <em>b</em> &amp; c</p>`)},
		},
		{
			"markup without a body", html + `<p>a<br/>b</p>` + htmlEnd, conv,
			&pb.ConversationMessage{Message: proto.String("a\nb"), Xhtml: proto.String(`<p>a<br/>b</p>`)},
		},
		{
			"markup that runs code", `<body>a</body>` + html + `<p onclick="x()">a<script>x()</script><a href=" java&#10;script:x()">l</a><x xmlns="urn:x">y</x></p>` + htmlEnd, conv,
			&pb.ConversationMessage{Message: proto.String("a"), Xhtml: proto.String(`<p>a<a>l</a>y</p>`)},
		},
		{"empty markup", `<body>a</body><html xmlns="http://jabber.org/protocol/xhtml-im"/>`, conv, &pb.ConversationMessage{Message: proto.String("a")}},
		{
			"file", `<body>https://a.example/1.png</body>` + oob + `</x>`, conv,
			&pb.ConversationMessage{Message: url.Url, Attachment: []*pb.Attachment{url}},
		},
		{
			"file without a body", oob + `<desc>mine</desc></x>`, conv,
			&pb.ConversationMessage{Message: url.Url, Attachment: []*pb.Attachment{{Url: url.Url, Description: proto.String("mine")}}},
		},
		{"file without an address", `<x xmlns="jabber:x:oob"/>`, 0, &pb.ConversationMessage{}},
		{"attention", `<attention xmlns="urn:xmpp:attention:0"/>`, attention, &pb.ConversationMessage{Message: proto.String("")}},
		{"attention with a text", `<body>hey</body><attention xmlns="urn:xmpp:attention:0"/>`, attention, &pb.ConversationMessage{Message: proto.String("hey")}},
		{"subject", `<subject>s</subject><body>a</body>`, conv, &pb.ConversationMessage{Message: proto.String("s\na")}},
		{"subject alone", `<subject>s</subject>`, conv, &pb.ConversationMessage{Message: proto.String("s")}},
		{
			"delay", `<body>a</body><delay xmlns="urn:xmpp:delay" stamp="2026-01-02T03:04:05.678+01:00"/>`, conv,
			&pb.ConversationMessage{Message: proto.String("a"), Timestamp: proto.String("20260102T020405")},
		},
		{"wrong delay", `<body>a</body><delay xmlns="urn:xmpp:delay" stamp="yesterday"/>`, conv, &pb.ConversationMessage{Message: proto.String("a")}},
	}
	s := play(t, "")
	s.online()
	for _, typ := range []string{"chat", "normal", "headline", "unheard-of"} {
		for _, c := range cases {
			s.user(chat(typ, c.content))
			s.user(chat("chat", `<body>the end</body>`))
			if c.typ != 0 {
				got := s.next()
				if got.typ != c.typ {
					t.Errorf("%s, %s: %v", typ, c.name, got)
					continue
				}
				if m, ok := got.message.(*pb.ConversationMessage); ok {
					c.want.UserName, c.want.BuddyName = proto.String(alice), proto.String("carol")
					if c.typ == conv {
						c.want.Id = proto.String("m1")
					}
					if !proto.Equal(m, c.want) {
						t.Errorf("%s, %s: %v", typ, c.name, m)
					}
				}
			}
			if end, ok := s.next().message.(*pb.ConversationMessage); !ok || end.GetMessage() != "the end" {
				t.Errorf("%s, %s: one more payload: %v", typ, c.name, end)
			}
		}
	}
}

// fromCarol sends a message of the script and returns it as the user gets it.
func (s *scene) fromCarol(typ pb.WrapperMessage_Type, m *pb.ConversationMessage) *xmltree.Node {
	s.t.Helper()
	m.UserName, m.BuddyName = proto.String(alice), proto.String("carol")
	if m.Message == nil {
		m.Message = proto.String("")
	}
	s.script(typ, m)
	return s.expect("a message of carol", message(carol))
}

// content returns the children of a stanza as XML.
func content(t *testing.T, n *xmltree.Node) string {
	t.Helper()
	var all strings.Builder
	for _, child := range stanza.Children(n) {
		text, err := child.Text(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(text)
	}
	return all.String()
}

func TestScriptsMessageReachesTheUser(t *testing.T) {
	const (
		active = `<active xmlns="http://jabber.org/protocol/chatstates"/>`
		html   = `<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">`
		end    = `</body></html>`
	)
	conv, attention := pb.WrapperMessage_TYPE_CONV_MESSAGE, pb.WrapperMessage_TYPE_ATTENTION
	cases := []struct {
		name      string
		typ       pb.WrapperMessage_Type
		m         *pb.ConversationMessage
		kind, got string
	}{
		{"text", conv, &pb.ConversationMessage{Message: proto.String("a\r\n<b>")}, "chat", `<body>a` + "\n" + `&lt;b&gt;</body>` + active},
		{"headline", conv, &pb.ConversationMessage{Message: proto.String("a"), Headline: proto.Bool(true)}, "chat", `<body>a</body>` + active},
		{"markup", conv, &pb.ConversationMessage{Message: proto.String("a"), Xhtml: proto.String(`<b>a</b> &amp; c`)}, "chat", `<body>a</body>` + html + `<b>a</b> &amp; c` + end + active},
		{"markup of another namespace", conv, &pb.ConversationMessage{Message: proto.String("a"), Xhtml: proto.String(`<svg xmlns="urn:svg"><t>a</t></svg><xml:b>c</xml:b>`)}, "chat", `<body>a</body>` + html + `ac` + end + active},
		{"names that servers refuse", conv, &pb.ConversationMessage{Message: proto.String("a"), Xhtml: proto.String(`<ü>a</ü><b ä="1">b</b>`)}, "chat", `<body>a</body>` + html + `a<b>b</b>` + end + active},
		{"broken markup", conv, &pb.ConversationMessage{Message: proto.String("a"), Xhtml: proto.String(`<b>a`)}, "chat", `<body>a</body>` + active},
		{"markup that ends early", conv, &pb.ConversationMessage{Message: proto.String("a"), Xhtml: proto.String(`a</body><b/><body>`)}, "chat", `<body>a</body>` + active},
		{
			"picture", conv, &pb.ConversationMessage{Message: proto.String("a"), Xhtml: proto.String(`<p>a<img src="https://b.example/1.png" alt="x"/></p>`)}, "chat",
			`<body>https://b.example/1.png</body>` + html + `<p>a<img src="https://b.example/1.png" alt="x"/></p>` + end + `<x xmlns="jabber:x:oob"><url>https://b.example/1.png</url></x>` + active,
		},
		{
			"attachments", conv, &pb.ConversationMessage{Message: proto.String("a"), Attachment: []*pb.Attachment{{Url: proto.String("https://c.example/1")}, {Url: proto.String("https://c.example/2"), Description: proto.String("<2>")}}}, "chat",
			`<body>a</body><x xmlns="jabber:x:oob"><url>https://c.example/1</url></x><x xmlns="jabber:x:oob"><url>https://c.example/2</url><desc>&lt;2&gt;</desc></x>` + active,
		},
		{"attachment without a text", conv, &pb.ConversationMessage{Attachment: []*pb.Attachment{{Url: proto.String("https://c.example/1")}}}, "chat", `<body>https://c.example/1</body><x xmlns="jabber:x:oob"><url>https://c.example/1</url></x>` + active},
		{"delay", conv, &pb.ConversationMessage{Message: proto.String("a"), Timestamp: proto.String("20260102T030405")}, "chat", `<body>a</body><delay xmlns="urn:xmpp:delay" stamp="2026-01-02T03:04:05Z"/>` + active},
		{"wrong delay", conv, &pb.ConversationMessage{Message: proto.String("a"), Timestamp: proto.String("x")}, "chat", `<body>a</body>` + active},
		{"receipt", pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, &pb.ConversationMessage{Id: proto.String("m&1")}, "chat", `<received xmlns="urn:xmpp:receipts" id="m&amp;1"/>`},
		{"attention", attention, &pb.ConversationMessage{}, "headline", `<attention xmlns="urn:xmpp:attention:0"/>`},
		{"attention with a text", attention, &pb.ConversationMessage{Message: proto.String("hey")}, "chat", `<attention xmlns="urn:xmpp:attention:0"/><body>hey</body>`},
	}
	s := play(t, "")
	s.online()
	for _, c := range cases {
		n := s.fromCarol(c.typ, c.m)
		if got := content(t, n); got != c.got || stanza.Attr(n, "type") != c.kind {
			t.Errorf("%s: %s %s", c.name, stanza.Attr(n, "type"), got)
		}
		if to := stanza.Attr(n, "to"); to != alice {
			t.Errorf("%s: to %s", c.name, to)
		}
	}
}

func TestKeysAboutMarkupAndHeadlines(t *testing.T) {
	picture := func() *pb.ConversationMessage {
		return &pb.ConversationMessage{Message: proto.String("a"), Headline: proto.Bool(true), Xhtml: proto.String(`<img src="https://b.example/1.png"/>`)}
	}
	for _, c := range []struct{ lines, typ, body, others string }{
		{"[service]\nenable_xhtml=0", "chat", "a", "active"},
		{"[service]\noob_replace_body=0", "chat", "a", "html x active"},
		{"", "chat", "https://b.example/1.png", "html x active"},
		{"[settings]\nsend_headlines=1", "headline", "https://b.example/1.png", "html x"},
	} {
		s := play(t, c.lines)
		s.online()
		n := s.fromCarol(pb.WrapperMessage_TYPE_CONV_MESSAGE, picture())
		var others []string
		for _, child := range stanza.Children(n)[1:] {
			others = append(others, child.Name)
		}
		if stanza.Attr(n, "type") != c.typ || stanza.ChildText(n, "", "body") != c.body || strings.Join(others, " ") != c.others {
			t.Errorf("%q: %s %q", c.lines, content(t, n), others)
		}
	}
}

// TestErrorsAreNotAnswered sends errors with everything that other messages cause an answer
// with, to all targets, and then a ping.
func TestErrorsAreNotAnswered(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, from := range []string{desktop, alice, "eve@localhost/x", "localhost"} {
		for _, to := range []string{transport, carol, "#room@" + transport, "#room@" + transport + "/carol"} {
			for _, content := range []string{
				`<body>a</body>`, `<request xmlns="urn:xmpp:receipts"/>`, `<received xmlns="urn:xmpp:receipts" id="x"/>`,
				`<attention xmlns="urn:xmpp:attention:0"/>`, `<composing xmlns="http://jabber.org/protocol/chatstates"/>`, `<subject/>`,
			} {
				s.user(`<message type="error" id="m" from="` + from + `" to="` + to + `">` + content + `<error type="cancel"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>`)
			}
		}
	}
	for _, from := range []string{desktop, "eve@localhost/x", "localhost"} {
		s.user(`<iq type="get" id="end" from="` + from + `" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
		s.expect("the answer", func(n *xmltree.Node) bool {
			if n.Name == "message" {
				t.Errorf("an answer to an error: %s", content(t, n))
			}
			return answer("end")(n)
		})
	}
	s.user(chat("chat", `<body>the end</body>`))
	if p := s.next(); p.typ != pb.WrapperMessage_TYPE_CONV_MESSAGE || p.message.(*pb.ConversationMessage).GetMessage() != "the end" {
		t.Errorf("the script got %v", p)
	}
}

// TestMessagesThatCannotBeDelivered checks who receives an error: a sender of a text.
func TestMessagesThatCannotBeDelivered(t *testing.T) {
	s := play(t, "")
	state := `<composing xmlns="http://jabber.org/protocol/chatstates"/>`
	refused := func(from, to string, want stanza.Condition) {
		t.Helper()
		for _, content := range []string{state, `<body>secret</body>` + state} {
			s.user(`<message type="chat" from="` + from + `" to="` + to + `" id="` + content[1:5] + `">` + content + `</message>`)
		}
		n := s.expect("an error", message(to))
		if e := stanza.ErrorOf(n); e == nil || e.Condition != want || stanza.Attr(n, "id") != "body" {
			t.Errorf("to %s: %v, for %q", to, e, stanza.Attr(n, "id"))
		}
	}
	refused(desktop, carol, stanza.RecipientUnavailable)
	refused(desktop, transport, stanza.RecipientUnavailable)
	s.online()
	refused("eve@localhost/x", carol, stanza.RecipientUnavailable)
}

func TestChatStatesOfContacts(t *testing.T) {
	s := play(t, "")
	s.online()
	for typ, want := range map[pb.WrapperMessage_Type]string{
		pb.WrapperMessage_TYPE_BUDDY_TYPING: "composing", pb.WrapperMessage_TYPE_BUDDY_TYPED: "paused", pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING: "active",
	} {
		s.script(typ, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol")})
		if n := s.expect(want, message(carol)); content(t, n) != `<`+want+` xmlns="http://jabber.org/protocol/chatstates"/>` {
			t.Errorf("%v: %s", typ, content(t, n))
		}
	}
}

// TestIgnoredContactIsSilent sends messages of a contact that Spectrum's database says is
// ignored.
func TestIgnoredContactIsSilent(t *testing.T) {
	s := play(t, "")
	s.register()
	account, err := s.store.Find(s.ctx, alice)
	if err == nil {
		err = s.store.Save(s.ctx, account.ID, &users.Contact{Name: "carol", Flags: users.FlagIgnored})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	for _, name := range []string{"carol", "dave"} {
		m := &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: &name, Message: proto.String("x")}
		s.script(pb.WrapperMessage_TYPE_ATTENTION, m)
		s.script(pb.WrapperMessage_TYPE_BUDDY_TYPING, &pb.Buddy{UserName: proto.String(alice), BuddyName: &name})
		s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
	}
	n := s.expect("a message", func(n *xmltree.Node) bool { return n.Name == "message" })
	if from := stanza.Attr(n, "from"); from != "dave@"+transport+"/bot" {
		t.Errorf("a message of %s", from)
	}
}
