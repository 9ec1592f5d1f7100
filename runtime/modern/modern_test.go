package modern_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// read returns the content of a message with some elements, and the message.
func read(t *testing.T, content string) (*modern.Content, *xmltree.Node) {
	t.Helper()
	n, err := xmltree.Parse("<message>"+content+"</message>", xmltree.DefaultLimits)
	if err != nil {
		t.Fatalf("%s: %v", content, err)
	}
	return contentOf(n), n
}

func contentOf(n *xmltree.Node) *modern.Content {
	c := &modern.Content{}
	for _, child := range stanza.Children(n) {
		c.Add(child)
	}
	c.Finish()
	return c
}

// xml returns elements as XML.
func xml(t *testing.T, all []*xmltree.Node) string {
	t.Helper()
	var b strings.Builder
	for _, n := range all {
		text, err := n.Text(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(text)
	}
	return b.String()
}

func TestFallbackTextsAreRemoved(t *testing.T) {
	reply := func(ranges string) string {
		return `<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0">` + ranges + `</fallback>`
	}
	for _, c := range []struct{ name, elements, body, text, removed string }{
		{"nothing", "", "> a\nb", "> a\nb", ""},
		{"the beginning", reply(`<body start="0" end="4"/>`), "> a\nb", "b", "> a\n"},
		{"code points, not bytes or UTF-16", reply(`<body start="0" end="5"/>`), "> é😀\nb", "b", "> é😀\n"},
		{"the middle", reply(`<body start="1" end="2"/>`), "abc", "ac", "b"},
		{"without a start", reply(`<body end="2"/>`), "abc", "c", "ab"},
		{"without an end", reply(`<body start="1"/>`), "abc", "a", "bc"},
		{"the whole body", reply(`<body/>`), "abc", "", "abc"},
		{"without a range", reply(``), "abc", "", "abc"},
		{"the subject only", reply(`<subject/>`), "abc", "abc", ""},
		{"two ranges that overlap, in any order", reply(`<body start="2" end="4"/><body start="0" end="3"/>`), "abcdef", "ef", "abcd"},
		{"one range in another", reply(`<body start="0" end="5"/><body start="1" end="2"/>`), "abcdef", "f", "abcde"},
		{"beyond the end", reply(`<body start="1" end="99999999999"/>`), "abc", "a", "bc"},
		{"behind the end", reply(`<body start="90" end="91"/>`), "abc", "abc", ""},
		{"negative", reply(`<body start="-5" end="2"/>`), "abc", "abc", ""},
		{"reversed", reply(`<body start="3" end="1"/>`), "abc", "abc", ""},
		{"empty", reply(`<body start="1" end="1"/>`), "abc", "abc", ""},
		{"no number", reply(`<body start="x" end="y"/>`), "abc", "abc", ""},
		{"too large a number", reply(`<body start="0" end="99999999999999999999999"/>`), "abc", "abc", ""},
		{"of another namespace", `<fallback xmlns="urn:xmpp:fallback:0" for="urn:other"><body/></fallback>`, "abc", "abc", ""},
		{"for nothing", `<fallback xmlns="urn:xmpp:fallback:0"><body/></fallback>`, "abc", "abc", ""},
		{"many", reply(strings.Repeat(`<body start="0" end="1"/>`, 5000)), "abc", "bc", "a"},
	} {
		content, _ := read(t, c.elements)
		if text, removed := content.Without(c.body, stanza.Reply); text != c.text || removed != c.removed {
			t.Errorf("%s: got %q and %q, want %q and %q", c.name, text, removed, c.text, c.removed)
		}
	}
}

func TestQuotationsDoNotGrow(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"a":                          "> a\n",
		"a\r\nb\rc":                  "> a\n> b\n> c\n",
		"> old\n>> older\nnew":       "> new\n",
		"> old":                      "",
		"\n \na\n\nb\n\n":            "> a\n> \n> b\n",
		strings.Repeat("x\n", 1000):  strings.Repeat("> x\n", 10),
		strings.Repeat("é", 100_000): "> " + strings.Repeat("é", 500) + "\n",
	} {
		if got := modern.Quote(text); got != want {
			t.Errorf("%.20q: %.60q", text, got)
		}
	}
	text := "hello"
	for range 100 { // two people answer each other with all that they got
		text = modern.Quote(text) + "and you?"
	}
	if want := "> and you?\nand you?"; text != want {
		t.Errorf("after 100 answers: %q", text)
	}
	for quotation, want := range map[string]string{"> a\n> b\n": "a\nb", ">a": "a", "> > a\n> b": "b", "": "", "a": "a"} {
		if got := modern.Unquote(quotation); got != want {
			t.Errorf("Unquote(%q) is %q", quotation, got)
		}
	}
}

func TestEmojiOfAReaction(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []string
		want int
	}{
		{"usual ones", []string{"👍", "👨‍👩‍👧‍👦", "❤️", "#️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"}, 5},
		{"words of networks", []string{":party:", "+1"}, 2},
		{"repeated", []string{"👍", " 👍 ", "👍"}, 1},
		{"10,000", strings.Split(strings.Repeat("👍 ", 9000)+"a b c", " "), 4},
		{"XML, controls and others", []string{"<b/>", "a&b", "a\x00", "a b", "", " ", "\u202ea", "\xff", strings.Repeat("a", 65)}, 0},
	} {
		if got := modern.Emoji(c.in); len(got) != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	var many []string
	for i := range 10_000 {
		many = append(many, string(rune(0x1F300+i)))
	}
	if got := modern.Emoji(many); len(got) != modern.MaxEmoji {
		t.Errorf("%d emoji remain", len(got))
	}
}

const png = "\x89PNG\r\n\x1a\n..."

func TestMessageWithModernFieldsAsXML(t *testing.T) {
	for _, c := range []struct {
		name string
		m    *pb.ConversationMessage
		text string
		want string
	}{
		{"plain", &pb.ConversationMessage{}, "a", `<body>a</body>`},
		{"correction", &pb.ConversationMessage{Replaces: proto.String("1")}, "a", `<body>a</body><replace xmlns="urn:xmpp:message-correct:0" id="1"/>`},
		{
			"reply", &pb.ConversationMessage{ReplyTo: &pb.Reply{Id: proto.String("1"), Text: proto.String("é\nb")}}, "a",
			"<body>&gt; é\n&gt; b\na</body>" + `<reply xmlns="urn:xmpp:reply:0" to="c@x" id="1"/>` +
				`<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="8"/></fallback>`,
		},
		{"reply without a text", &pb.ConversationMessage{ReplyTo: &pb.Reply{Id: proto.String("1")}}, "a", `<body>a</body><reply xmlns="urn:xmpp:reply:0" to="c@x" id="1"/>`},
		{"reply to nothing", &pb.ConversationMessage{ReplyTo: &pb.Reply{Id: proto.String(""), Text: proto.String("b")}}, "a", `<body>a</body>`},
		{"spoiler", &pb.ConversationMessage{Spoiler: proto.String("")}, "a", `<body>a</body><spoiler xmlns="urn:xmpp:spoiler:0"/>`},
		{"spoiler with a hint", &pb.ConversationMessage{Spoiler: proto.String("<end>")}, "a", `<body>a</body><spoiler xmlns="urn:xmpp:spoiler:0">&lt;end&gt;</spoiler>`},
		{"language", &pb.ConversationMessage{Lang: proto.String("pt-BR")}, "a", `<body xml:lang="pt-BR">a</body>`},
		{"no language", &pb.ConversationMessage{Lang: proto.String("<en>")}, "a", `<body>a</body>`},
		{
			"file as today", &pb.ConversationMessage{Message: proto.String("a"), Attachment: []*pb.Attachment{{Url: proto.String("https://x/1"), Description: proto.String("d")}, {Url: proto.String("")}}}, "a",
			`<body>a</body><x xmlns="jabber:x:oob"><url>https://x/1</url><desc>d</desc></x>`,
		},
		{
			"file with all fields", &pb.ConversationMessage{Message: proto.String(""), Attachment: []*pb.Attachment{{
				Url: proto.String("https://x/1"), MimeType: proto.String("image/PNG; a=b"), Name: proto.String("../../c.png"), Size: proto.Int64(5),
				Width: proto.Int32(2), Height: proto.Int32(3), Duration: proto.Float64(1.5), Preview: []byte(png), Sticker: proto.Bool(true),
			}}}, "https://x/1",
			`<body>https://x/1</body><fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:sfs:0"><body start="0" end="11"/></fallback>` +
				`<file-sharing xmlns="urn:xmpp:sfs:0" disposition="inline"><file xmlns="urn:xmpp:file:metadata:0"><media-type>image/png</media-type>` +
				`<name>c.png</name><size>5</size><width>2</width><height>3</height><length>1500</length>` +
				`<thumbnail xmlns="urn:xmpp:thumbs:1" media-type="image/png" uri="data:image/png;base64,iVBORw0KGgouLi4="/></file>` +
				`<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="https://x/1"/></sources></file-sharing>` +
				`<sticker xmlns="urn:xmpp:stickers:0"/><x xmlns="jabber:x:oob"><url>https://x/1</url></x>`,
		},
		{
			"file with false numbers", &pb.ConversationMessage{Message: proto.String("a"), Attachment: []*pb.Attachment{{
				Url: proto.String("https://x/1"), MimeType: proto.String("<script>"), Name: proto.String(".."), Size: proto.Int64(-1), Width: proto.Int32(-2),
				Duration: proto.Float64(math.NaN()), Preview: []byte("<svg/>"),
			}}}, "a",
			`<body>a</body><file-sharing xmlns="urn:xmpp:sfs:0" disposition="attachment"><file xmlns="urn:xmpp:file:metadata:0"/>` +
				`<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="https://x/1"/></sources></file-sharing><x xmlns="jabber:x:oob"><url>https://x/1</url></x>`,
		},
	} {
		if got := xml(t, modern.Message(c.m, c.text, "c@x")); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestEventsAsXML(t *testing.T) {
	const store = `<store xmlns="urn:xmpp:hints"/>`
	for _, c := range []struct {
		name string
		all  []*xmltree.Node
		want string
	}{
		{"reaction", modern.Reaction("1", []string{"👍", "<"}), `<reactions xmlns="urn:xmpp:reactions:0" id="1"><reaction>👍</reaction></reactions>` + store},
		{"no reaction", modern.Reaction("1", nil), `<reactions xmlns="urn:xmpp:reactions:0" id="1"/>` + store},
		{
			"retraction", modern.Retraction("1"), `<retract xmlns="urn:xmpp:message-retract:1" id="1"/><fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:1"><body/></fallback>` +
				`<body>/me has withdrawn an earlier message, but this program cannot remove it.</body>` + store,
		},
		{"marker", modern.Displayed("1"), `<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>` + store},
		{
			"moderation", modern.Moderation("1", "r@x/m", "spam", nil), `<retract xmlns="urn:xmpp:message-retract:1" id="1">` +
				`<moderated xmlns="urn:xmpp:message-moderate:1" by="r@x/m"/><reason>spam</reason></retract>` + store,
		},
		{
			"invitation", modern.Invitation("r@x", "c@x", "come", "p"), `<x xmlns="http://jabber.org/protocol/muc#user"><invite from="c@x"><reason>come</reason></invite><password>p</password></x>` +
				`<x xmlns="jabber:x:conference" jid="r@x" password="p" reason="come"/>`,
		},
	} {
		if got := xml(t, c.all); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestElementsOfUsersAreRead(t *testing.T) {
	for _, c := range []struct {
		name, elements string
		want           modern.Content
	}{
		{"correction", `<replace xmlns="urn:xmpp:message-correct:0" id="1"/>`, modern.Content{Replaces: "1"}},
		{"marker", `<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>`, modern.Content{Displayed: "1"}},
		{"a request for a marker", `<markable xmlns="urn:xmpp:chat-markers:0" id="1"/>`, modern.Content{}},
		{"retraction", `<retract xmlns="urn:xmpp:message-retract:1" id="1"/>`, modern.Content{Retracts: "1"}},
		{"retraction of older clients", `<apply-to xmlns="urn:xmpp:fasten:0" id="1"><retract xmlns="urn:xmpp:message-retract:0"/></apply-to>`, modern.Content{Retracts: "1"}},
		{"another fastening", `<apply-to xmlns="urn:xmpp:fasten:0" id="1"/>`, modern.Content{}},
		{"reply", `<reply xmlns="urn:xmpp:reply:0" id="1" to="c@x"/>`, modern.Content{AnswerTo: "1", Author: "c@x"}},
		{"an id that is too long", `<replace xmlns="urn:xmpp:message-correct:0" id="` + strings.Repeat("x", 1<<19) + `"/>`, modern.Content{}},
		{"an id of 1024 bytes", `<replace xmlns="urn:xmpp:message-correct:0" id="` + strings.Repeat("x", 1024) + `"/>`, modern.Content{Replaces: strings.Repeat("x", 1024)}},
		{"an id with XML", `<replace xmlns="urn:xmpp:message-correct:0" id="&lt;a/&gt;"/>`, modern.Content{Replaces: "<a/>"}},
		{"an id with a control", `<replace xmlns="urn:xmpp:message-correct:0" id="a&#10;b"/>`, modern.Content{}},
		{"no id", `<replace xmlns="urn:xmpp:message-correct:0"/>`, modern.Content{}},
		{"two ids", `<replace xmlns="urn:xmpp:message-correct:0" id="1"/><replace xmlns="urn:xmpp:message-correct:0" id="2"/>`, modern.Content{Replaces: "1"}},
	} {
		got, _ := read(t, c.elements)
		if got.Replaces != c.want.Replaces || got.Displayed != c.want.Displayed || got.Retracts != c.want.Retracts ||
			got.AnswerTo != c.want.AnswerTo || got.Author != c.want.Author {
			t.Errorf("%s: %.200v", c.name, got)
		}
	}
	got, _ := read(t, `<reactions xmlns="urn:xmpp:reactions:0" id="1">`+strings.Repeat(`<reaction>👍</reaction>`, 10_000)+`<reaction><b xmlns="urn:x"/>💘</reaction></reactions>`)
	if got.Reacts != "1" || strings.Join(got.Emoji, " ") != "👍 💘" {
		t.Errorf("reactions: %.200v", got)
	}
}

func TestModerationRequests(t *testing.T) {
	for _, c := range []struct{ request, id, reason string }{
		{`<moderate xmlns="urn:xmpp:message-moderate:1" id="1"><retract xmlns="urn:xmpp:message-retract:1"/><reason>spam</reason></moderate>`, "1", "spam"},
		{`<apply-to xmlns="urn:xmpp:fasten:0" id="1"><moderate xmlns="urn:xmpp:message-moderate:0"><retract xmlns="urn:xmpp:message-retract:0"/><reason>spam</reason></moderate></apply-to>`, "1", "spam"},
		{`<moderate xmlns="urn:xmpp:message-moderate:1" id="1"/>`, "", ""},
		{`<moderate xmlns="urn:xmpp:message-moderate:1"><retract xmlns="urn:xmpp:message-retract:1"/></moderate>`, "", ""},
		{`<apply-to xmlns="urn:xmpp:fasten:0" id="1"/>`, "", ""},
	} {
		n, err := xmltree.Parse(c.request, xmltree.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		if id, reason, ok := modern.ReadModeration(n); id != c.id || reason != c.reason || ok != (c.id != "") {
			t.Errorf("%s: %q, %q, %v", c.request, id, reason, ok)
		}
	}
}

func TestFilesThatUsersShare(t *testing.T) {
	share := func(file, url string) string {
		return `<file-sharing xmlns="urn:xmpp:sfs:0" disposition="inline"><file xmlns="urn:xmpp:file:metadata:0">` + file +
			`</file><sources><url-data xmlns="http://jabber.org/protocol/url-data" target="` + url + `"/></sources></file-sharing>`
	}
	address := proto.String("https://x/1")
	for _, c := range []struct {
		name, xml string
		want      *pb.Attachment
	}{
		{
			"all fields", share(`<media-type>audio/ogg</media-type><name>a.ogg</name><size>5</size><width>1</width><height>2</height><length>1500</length><desc>d</desc>`, "https://x/1"),
			&pb.Attachment{
				Url: address, MimeType: proto.String("audio/ogg"), Name: proto.String("a.ogg"), Size: proto.Int64(5), Width: proto.Int32(1), Height: proto.Int32(2),
				Duration: proto.Float64(1.5), Description: proto.String("d"), Voice: proto.Bool(true),
			},
		},
		{
			"a preview", share(`<thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/png;base64,iVBORw0KGgouLi4="/>`, "https://x/1"),
			&pb.Attachment{Url: address, Preview: []byte(png)},
		},
		{
			"a preview in the stanza", share(`<thumbnail xmlns="urn:xmpp:thumbs:1" uri="cid:sha1+1@bob.xmpp.org"/>`, "https://x/1") + `<data xmlns="urn:xmpp:bob" cid="sha1+1@bob.xmpp.org">iVBORw0K GgouLi4=</data>`,
			&pb.Attachment{Url: address, Preview: []byte(png)},
		},
		{
			"a preview without padding", share(`<thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/png;base64,iVBORw0KGgouLi4"/>`, "https://x/1"),
			&pb.Attachment{Url: address, Preview: []byte(png)},
		},
		{
			"a preview with a percent-encoded padding", share(`<thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/png;base64,iVBORw0KGgouLi4%3D"/>`, "https://x/1"),
			&pb.Attachment{Url: address, Preview: []byte(png)},
		},
		{"a preview that is not base64", share(`<thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/png;base64,iVBORw0KGgouLi4=="/>`, "https://x/1"), &pb.Attachment{Url: address}},
		{"a preview that is no picture", share(`<thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/svg+xml;base64,PHN2Zy8+"/>`, "https://x/1"), &pb.Attachment{Url: address}},
		{"a preview that is too long", share(`<thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/png;base64,iVBORw0KGgou`+strings.Repeat("Li4u", 6000)+`"/>`, "https://x/1"), &pb.Attachment{Url: address}},
		{"false numbers", share(`<size>-5</size><width>x</width><height>99999999999</height><length>-1</length><name>/etc/..</name><media-type>x</media-type>`, "https://x/1"), &pb.Attachment{Url: address}},
		{"a size that no number of a script holds", share(`<size>9007199254740993</size>`, "https://x/1"), &pb.Attachment{Url: address}},
		{"a path as name", share(`<name>..\..\c:/a&#9;b.png</name>`, "https://x/1"), &pb.Attachment{Url: address, Name: proto.String("ab.png")}},
		{"an address that is not on the web", share(``, "file:///etc/passwd"), nil},
		{"an address without a host", share(``, "https:///x"), nil},
		{"without metadata", `<file-sharing xmlns="urn:xmpp:sfs:0"><sources><url-data xmlns="http://jabber.org/protocol/url-data" target="https://x/1"/></sources></file-sharing>`, &pb.Attachment{Url: address}},
		{"a sticker", share("", "https://x/1") + `<sticker xmlns="urn:xmpp:stickers:0" pack="p"/>`, &pb.Attachment{Url: address, Sticker: proto.Bool(true)}},
	} {
		got, _ := read(t, c.xml)
		switch {
		case c.want == nil && len(got.Files) == 0:
		case len(got.Files) != 1 || !proto.Equal(got.Files[0], c.want):
			t.Errorf("%s: %v", c.name, got.Files)
		}
	}
	many, _ := read(t, strings.Repeat(share("", "https://x/1"), 1000))
	if len(many.Files) != modern.MaxFiles {
		t.Errorf("%d files", len(many.Files))
	}
	large := append([]byte(png), bytes.Repeat([]byte{1}, 16000)...)
	var all []*pb.Attachment
	for range modern.MaxFiles {
		all = append(all, &pb.Attachment{Url: address, Preview: large})
	}
	if text := xml(t, modern.Message(&pb.ConversationMessage{Attachment: all}, "a", "")); len(text) > 300_000 {
		t.Errorf("a message with 100 previews has %d bytes", len(text))
	}
}

// FuzzStanza reads any stanza, and writes what it has read. The result is a stanza again
// that says the same.
func FuzzStanza(f *testing.F) {
	for _, seed := range []string{
		`<body>&gt; a` + "\n" + `b</body><reply xmlns="urn:xmpp:reply:0" id="1" to="c@x"/><fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="4"/></fallback>`,
		`<reactions xmlns="urn:xmpp:reactions:0" id="1"><reaction>👍</reaction></reactions>`,
		`<apply-to xmlns="urn:xmpp:fasten:0" id="1"><retract xmlns="urn:xmpp:message-retract:0"/></apply-to>`,
		`<body xml:lang="en">x</body><replace xmlns="urn:xmpp:message-correct:0" id="1"/><spoiler xmlns="urn:xmpp:spoiler:0">y</spoiler>`,
		`<file-sharing xmlns="urn:xmpp:sfs:0" disposition="inline"><file xmlns="urn:xmpp:file:metadata:0"><size>5</size><length>7</length><thumbnail xmlns="urn:xmpp:thumbs:1" uri="data:image/png;base64,iVBORw0KGgouLi4="/></file><sources><url-data xmlns="http://jabber.org/protocol/url-data" target="https://x/1"/></sources></file-sharing>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		n, err := xmltree.Parse("<message>"+content+"</message>", xmltree.Limits{Depth: 20, Size: 1 << 16, Elements: 1000})
		if err != nil {
			return
		}
		c := contentOf(n)
		body := stanza.ChildText(n, "", "body")
		text, removed := c.Without(body, stanza.Reply)
		if utf8.RuneCountInString(text)+utf8.RuneCountInString(removed) != utf8.RuneCountInString(body) {
			t.Fatalf("%q became %q and %q", body, text, removed)
		}
		for _, a := range c.Files {
			if a.MimeType == nil { // otherwise the file may be out-of-band data only
				a.MimeType = proto.String("image/png")
			}
		}
		m := &pb.ConversationMessage{Message: &text, Attachment: c.Files, Spoiler: c.Spoiler}
		if c.Replaces != "" {
			m.Replaces = &c.Replaces
		}
		if c.AnswerTo != "" {
			m.ReplyTo = &pb.Reply{Id: &c.AnswerTo, Text: proto.String(modern.Unquote(removed))}
		}
		again := written(t, modern.Message(m, text, c.Author))
		d := contentOf(again)
		if d.Replaces != c.Replaces || d.AnswerTo != c.AnswerTo || len(d.Files) != len(c.Files) || (d.Spoiler == nil) != (c.Spoiler == nil) {
			t.Fatalf("%+v became %+v", c, d)
		}
		for i := range d.Files {
			if !proto.Equal(d.Files[i], c.Files[i]) {
				t.Fatalf("%v became %v", c.Files[i], d.Files[i])
			}
		}
		if got, quote := d.Without(stanza.ChildText(again, "", "body"), stanza.Reply); got != text || c.AnswerTo != "" && modern.Unquote(quote) != m.ReplyTo.GetText() {
			t.Fatalf("%q became %q with %q", text, got, quote)
		}
		if c.Reacts != "" {
			if r := contentOf(written(t, modern.Reaction(c.Reacts, c.Emoji))); r.Reacts != c.Reacts || len(r.Emoji) != len(c.Emoji) {
				t.Fatalf("%v became %v", c, r)
			}
		}
	})
}

// written writes elements in a message and parses it.
func written(t *testing.T, all []*xmltree.Node) *xmltree.Node {
	t.Helper()
	text, err := stanza.Add(&xmltree.Node{Name: "message"}, all...).Text(1 << 22)
	if err != nil {
		t.Fatal(err)
	}
	n, err := xmltree.Parse(text, xmltree.Limits{Depth: 100, Size: 1 << 22, Elements: 20_000})
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return n
}

// FuzzMessage writes messages and events with any values. The result is always XML.
func FuzzMessage(f *testing.F) {
	f.Add("1", "a", "b", int64(5), 1.5, []byte(png))
	f.Add("<a/>\x00", "> a\n\xff", "]]>&", int64(-1), math.Inf(1), []byte("RIFF....WEBP."))
	f.Fuzz(func(t *testing.T, id, text, other string, size int64, seconds float64, data []byte) {
		m := &pb.ConversationMessage{
			Message: &text, Replaces: &id, ReplyTo: &pb.Reply{Id: &id, Author: &other, Text: &other}, Lang: &other, Spoiler: &other,
			Attachment: []*pb.Attachment{{
				Url: &other, MimeType: &text, Description: &text, Name: &other, Size: &size, Width: proto.Int32(int32(size)), Height: proto.Int32(-int32(size)),
				Duration: &seconds, Preview: data, Voice: proto.Bool(size > 0), Sticker: proto.Bool(size > 1),
			}, {Url: &text, Preview: data}},
		}
		for _, all := range [][]*xmltree.Node{
			modern.Message(m, text, other), modern.Reaction(id, []string{text, other}), modern.Retraction(id), modern.Displayed(id),
			modern.Moderation(id, other, text, nil), modern.Invitation(id, other, text, other), {modern.ID(id, other), modern.Markable()},
		} {
			contentOf(written(t, all))
		}
	})
}
