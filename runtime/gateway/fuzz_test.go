package gateway

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltext"
	"spectrumlua/runtime/xmltree"
)

const (
	fuzzJID    = "t.localhost"
	fuzzUser   = "alice@localhost"
	fuzzClient = fuzzUser + "/desktop"
	maxStanza  = component.DefaultMaxSend
)

// bench is a router with all features, between a component without a connection and a script
// that only listens. A user is online, and in the room #room.
type bench struct {
	t         *testing.T
	router    *router.Router
	component *component.Component
	clock     *clock.Movable
	log       *test.Hook // lines above debug

	mu       sync.Mutex
	stanzas  []*xmltree.Node
	refused  []error
	payloads []proto.Message
	marks    chan struct{}
	takes    int // stanzas that the stream takes before it is full; 0: any number
	most     int // stanzas that it has had to take at once
}

func newBench(t *testing.T, store *users.Store) *bench {
	t.Helper()
	b := &bench{t: t, clock: clock.NewMovable(nil), marks: make(chan struct{}, 10)}
	b.component = component.New(component.Options{JID: fuzzJID, Password: "x", Address: "127.0.0.1:1", Handle: func(context.Context, *xmltree.Node) {}})
	log, hook := test.NewNullLogger()
	b.log = hook
	var all []router.Feature
	for _, feature := range features {
		all = append(all, feature())
	}
	b.router = router.New(router.Options{
		Settings: settings.Settings{Service: settings.Service{JID: fuzzJID, JIDEscaping: true, XHTML: true, MediaBody: true}},
		Store:    store, Stream: b, Receive: b.receive, Features: all, Log: log, Clock: b.clock,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var delivery sync.WaitGroup
	delivery.Go(func() { b.router.RunDelivery(ctx) })
	t.Cleanup(func() {
		b.router.Close(context.Background())
		cancel()
		delivery.Wait()
		b.component.Close(context.Background())
	})
	if _, err := store.Find(ctx, fuzzUser); err != nil { // an input has unregistered the user
		if _, err := store.Register(ctx, users.Account{JID: fuzzUser, Name: "bob", Password: "hunter2"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	b.stanza(`<presence from="` + fuzzClient + `" to="` + fuzzJID + `"/>`)
	b.payload(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(fuzzUser)})
	b.stanza(`<presence from="` + fuzzClient + `" to="#room@` + fuzzJID + `/alice"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	b.payload(pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, &pb.Participant{
		UserName: proto.String(fuzzUser), Room: proto.String("#room"), Nickname: proto.String("alice"),
		Flag: proto.Int32(int32(pb.ParticipantFlag_PARTICIPANT_FLAG_ME)), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum(),
	})
	b.wait(fuzzUser)
	b.take()
	return b
}

func (b *bench) stanza(xml string) {
	n, err := xmltree.Parse(xml, xmltree.DefaultLimits)
	if err != nil {
		b.t.Fatal(err)
	}
	b.router.Receive(context.Background(), n)
}

func (b *bench) payload(typ pb.WrapperMessage_Type, m proto.Message) {
	bytes, err := proto.Marshal(m)
	if err != nil {
		b.t.Skip(err) // no text of a script is invalid UTF-8
	}
	if err := b.router.Send(typ, bytes); err != nil {
		b.t.Fatal(err)
	}
}

// wait waits until the queue of a user and the payloads for the script are handled.
func (b *bench) wait(user string) {
	err := b.router.For(user, func(u *router.User) { u.DeliverRaw(pb.WrapperMessage_TYPE_PING, nil) })
	if err != nil {
		b.t.Fatal(err)
	}
	<-b.marks
}

// take returns the stanzas since the last call.
func (b *bench) take() []*xmltree.Node {
	b.mu.Lock()
	defer b.mu.Unlock()
	sent := b.stanzas
	b.stanzas, b.refused = nil, nil
	return sent
}

// SendNode checks a stanza as the component does, and as strictly as servers do.
func (b *bench) SendNode(n *xmltree.Node) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.component.SendNode(n); err != nil {
		b.refused = append(b.refused, err)
		return err
	}
	text, err := n.Text(maxStanza)
	if err == nil {
		_, err = xmltext.Stanza(text)
	}
	var again *xmltree.Node
	if err == nil {
		again, err = xmltree.Parse(text, xmltree.DefaultLimits)
	}
	if err != nil {
		b.t.Errorf("%v: %.300q", err, text)
		return nil
	}
	b.stanzas = append(b.stanzas, again)
	b.most = max(b.most, len(b.stanzas))
	return nil
}

func (b *bench) Full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.takes > 0 && len(b.stanzas) >= b.takes
}

func (b *bench) WaitCapacity(context.Context) error {
	b.take()
	return nil
}

func (b *bench) receive(_ context.Context, typ *schema.Type, bytes []byte, _ task.Lender) {
	if typ.Number == pb.WrapperMessage_TYPE_PING {
		b.marks <- struct{}{}
		return
	}
	if typ.Payload == nil {
		return
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(typ.Payload.Descriptor.FullName())
	if err != nil {
		panic(err)
	}
	m := kind.New().Interface()
	if err := proto.Unmarshal(bytes, m); err != nil {
		b.t.Errorf("%s: %v", typ.Name, err)
	}
	checkTexts(b.t, m.ProtoReflect())
	if x, ok := m.(*pb.ConversationMessage); ok {
		if _, err := xmltext.Fragment(x.GetXhtml()); err != nil {
			b.t.Errorf("markup for the script: %v: %q", err, x.GetXhtml())
		}
		if at := x.GetTimestamp(); at != "" {
			if _, err := time.Parse("20060102T150405", at); err != nil {
				b.t.Error(err)
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.payloads = append(b.payloads, m)
}

// checkTexts checks that all texts could be sent again.
func checkTexts(t *testing.T, m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap() || f.Kind() != protoreflect.StringKind && f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i := range v.List().Len() {
				if f.Kind() == protoreflect.MessageKind {
					checkTexts(t, v.List().Get(i).Message())
				}
			}
		case f.Kind() == protoreflect.MessageKind:
			checkTexts(t, v.Message())
		case xmltext.Clean(v.String()) != v.String():
			t.Errorf("%s: %q", f.FullName(), v.String())
		}
		return true
	})
}

// FuzzStanza sends any stanza of a user. Each IQ has one answer, an error has no answer, and
// payloads and stanzas have only valid texts.
func FuzzStanza(f *testing.F) {
	for _, seed := range []string{
		`<message type="chat" id="1"><body>hi</body><active xmlns="http://jabber.org/protocol/chatstates"/><request xmlns="urn:xmpp:receipts"/></message>`,
		`<message><subject>s</subject><html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><p on="1" x:y="2" xmlns:x="u">a<br/></p></body></html></message>`,
		`<message type="headline"><x xmlns="jabber:x:oob"><url>http://a</url><desc>d</desc></x><attention xmlns="urn:xmpp:attention:0"/><delay xmlns="urn:xmpp:delay" stamp="2026-01-01T00:00:00Z"/></message>`,
		`<message type="error"><body>x</body><error type="cancel"/></message>`,
		`<message type="groupchat"><body>x</body></message>`,
		`<iq type="get" id="1"><vCard xmlns="vcard-temp"/></iq>`,
		`<iq type="set" id="1"><vCard xmlns="vcard-temp"><PHOTO><BINVAL>AAAA</BINVAL></PHOTO></vCard></iq>`,
		`<iq type="get" id="1"><pubsub xmlns="http://jabber.org/protocol/pubsub"><items node="urn:xmpp:avatar:data"><item id="1"/></items></pubsub></iq>`,
		`<iq type="get" id="1"><query xmlns="http://jabber.org/protocol/disco#items" node="x"/></iq>`,
		`<iq type="set" id="1"><query xmlns="jabber:iq:register"><remove/></query></iq>`,
		`<iq type="get"/>`, `<iq/>`, `<iq type="result" id="q1"/>`,
		`<presence><show>away</show><x xmlns="vcard-temp:x:update"><photo>1</photo></x></presence>`,
		`<presence type="subscribe"/>`, `<presence type="unavailable"/>`, `<presence><x xmlns="http://jabber.org/protocol/muc"/></presence>`,
	} {
		for _, to := range []string{"", "carol", `carol\40net.org`, "#room", "#ROOM/alice", "#other/a", "/x"} {
			f.Add(seed, to)
		}
	}
	store := Memory(f)
	f.Fuzz(func(t *testing.T, xml, to string) {
		n, err := xmltree.Parse(xml, xmltree.DefaultLimits)
		if err != nil || n.Space != "" || n.Name != "message" && n.Name != "presence" && n.Name != "iq" {
			t.Skip()
		}
		local, resource, _ := strings.Cut(xmltext.Clean(to), "/")
		address := fuzzJID
		if local != "" {
			address = strings.ReplaceAll(local, "@", "") + "@" + address
		}
		if resource != "" {
			address += "/" + resource
		}
		stanza.SetAttr(n, "from", fuzzClient)
		stanza.SetAttr(n, "to", address)
		b := newBench(t, store)
		b.router.Receive(context.Background(), n)
		b.wait(fuzzUser)
		if err := b.clock.Advance(context.Background(), time.Minute); err != nil {
			t.Fatal(err)
		}
		b.wait(fuzzUser)
		if len(b.refused) > 0 {
			t.Errorf("%q: %v", xml, b.refused)
		}
		answers := 0
		for _, out := range b.take() {
			typ := stanza.Attr(out, "type")
			if out.Name == "iq" && (typ == "result" || typ == "error") {
				answers++
			}
			if typ == "error" && stanza.Attr(n, "type") == "error" {
				t.Errorf("an error is answered with an error: %q", xml)
			}
		}
		typ, want := stanza.Attr(n, "type"), 0
		if n.Name == "iq" && typ != "result" && typ != "error" {
			want = 1
		}
		if answers != want {
			t.Errorf("%d answers, not %d: %q", answers, want, xml)
		}
	})
}

// FuzzPayload sends what scripts can send, with any texts. No stanza is refused, unless it
// is too long.
func FuzzPayload(f *testing.F) {
	for _, seed := range [][3]string{
		{"carol", "hi", "<b>hi</b>"}, {"#room", "a\x00b\xff", "<b>"}, {"carol@net.org", "\r\n", `<img src="http://x/?a=b&amp;c"/>`},
		{"#room/alice", "", "<p xml:lang='de'>&#228;</p>"}, {"a b\"&'/:<>@\\", "]]>", "<x xmlns='urn:x' y:z='1' xmlns:y='urn:y'/>"},
		{"", "20260101T000000", "<ü ä='1'/>"}, {strings.Repeat("ü", 2000), strings.Repeat("&", 1000), strings.Repeat("<p>", 99) + strings.Repeat("</p>", 99)},
	} {
		for flags := range uint8(8) {
			f.Add(seed[0], seed[1], seed[2], flags)
		}
	}
	store := Memory(f)
	f.Fuzz(func(t *testing.T, name, text, markup string, flags uint8) {
		// A sending method of a script repairs texts like this.
		buddy, nick, text := jid.Local(name), jid.Resource(name), xmltext.Clean(text)
		xhtml, err := xmltext.Fragment(xmltext.Clean(markup))
		if err != nil {
			xhtml = markup // it is dropped later
		}
		xhtml = strings.ToValidUTF8(xhtml, "")
		user := proto.String(fuzzUser)
		m := &pb.ConversationMessage{UserName: user, BuddyName: &buddy, Message: &text, Xhtml: &xhtml, Timestamp: &text, Id: &text}
		if flags&1 != 0 {
			m.Nickname = &nick
		}
		m.Pm, m.Headline = proto.Bool(flags&2 != 0), proto.Bool(flags&4 != 0)
		if flags&4 != 0 {
			m.Attachment = []*pb.Attachment{{Url: &text, Description: &nick}}
		}
		status, status2 := pb.StatusType(flags&7), text
		b := newBench(t, store)
		for _, p := range []struct {
			typ pb.WrapperMessage_Type
			m   proto.Message
		}{
			{pb.WrapperMessage_TYPE_CONV_MESSAGE, m},
			{pb.WrapperMessage_TYPE_ATTENTION, m},
			{pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, m},
			{pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED, m},
			{pb.WrapperMessage_TYPE_BUDDY_TYPING, &pb.Buddy{UserName: user, BuddyName: &buddy}},
			{pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: user, BuddyName: &buddy, Alias: &nick, Status: &status, StatusMessage: &status2, IconHash: &text, Group: []string{nick}}},
			{pb.WrapperMessage_TYPE_AUTH_REQUEST, &pb.Buddy{UserName: user, BuddyName: &buddy, Alias: &nick, StatusMessage: &text}},
			{pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, &pb.Participant{UserName: user, Room: proto.String("#room"), Nickname: &nick, Flag: proto.Int32(int32(flags)), Status: &status, StatusMessage: &text, Alias: &text, IconHash: &text}},
			{pb.WrapperMessage_TYPE_BUDDY_REMOVED, &pb.Buddy{UserName: user, BuddyName: &buddy}},
			{pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
				UserName: user, BuddyName: &buddy, Message: &text, Nickname: m.Nickname, Pm: m.Pm, Id: &text, Replaces: &text, Origin: m.Pm, Lang: &text, Spoiler: &text,
				ReplyTo:    &pb.Reply{Id: &text, Author: &nick, Text: &text},
				Attachment: []*pb.Attachment{{Url: &text, Name: &text, MimeType: &text, Size: proto.Int64(int64(len(text))), Preview: []byte(markup), Sticker: m.Pm}},
			}},
			{pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: user, BuddyName: &buddy, Nickname: m.Nickname, Id: &text, Emoji: []string{text, nick}, Pm: m.Pm, Origin: m.Headline}},
			{pb.WrapperMessage_TYPE_RETRACTION, &pb.Retraction{UserName: user, BuddyName: &buddy, Nickname: m.Nickname, Id: &text, Pm: m.Pm}},
			{pb.WrapperMessage_TYPE_DISPLAYED, &pb.Displayed{UserName: user, BuddyName: &buddy, Nickname: m.Nickname, Id: &text, Pm: m.Pm}},
			{pb.WrapperMessage_TYPE_MODERATION, &pb.Moderation{UserName: user, Room: proto.String("#room"), Nickname: m.Nickname, Id: &text, Reason: &text}},
			{pb.WrapperMessage_TYPE_INVITATION, &pb.Invitation{UserName: user, Room: &buddy, BuddyName: &nick, Reason: &text, Password: &text}},
			{pb.WrapperMessage_TYPE_BOOKMARK, &pb.Bookmark{UserName: user, Room: &buddy, Name: &text, Nickname: &nick, Password: &text, Removed: m.Pm}},
			{pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{User: user, Error: pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR.Enum(), Message: &text}},
		} {
			b.payload(p.typ, p.m)
		}
		b.wait(fuzzUser)
		for _, err := range b.refused {
			if !strings.Contains(err.Error(), "too long") {
				t.Error(err)
			}
		}
	})
}
