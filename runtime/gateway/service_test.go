package gateway_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/qrcode"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// loggingIn registers alice and logs her in, but the script is not connected yet.
func (s *scene) loggingIn() {
	s.t.Helper()
	s.register()
	s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
}

// question asks alice and returns the message to her.
func (s *scene) question(q *pb.Question) *xmltree.Node {
	s.t.Helper()
	q.UserName = proto.String(alice)
	s.script(pb.WrapperMessage_TYPE_QUESTION, q)
	return s.expect("the question", func(n *xmltree.Node) bool { return message(transport)(n) && stanza.ChildText(n, "", "body") != "" })
}

// says sends a text of a client to the transport.
func (s *scene) saysToTransport(client, text string) {
	s.user(`<message type="chat" id="m1" from="` + client + `" to="` + transport + `"><body>` + text + `</body><request xmlns="urn:xmpp:receipts"/></message>`)
}

func TestQuestionAtLoginIsAnsweredByAnyClient(t *testing.T) {
	s := play(t, "")
	s.loggingIn()
	n := s.question(&pb.Question{Id: proto.String("1"), Text: proto.String("Code?")})
	if n.Get("to") != alice || n.Get("type") != "chat" || n.Get("from") != transport || !strings.HasPrefix(stanza.ChildText(n, "", "body"), "Code?") {
		t.Errorf("the question: %v", n)
	}
	s.saysToTransport(phone, "1234")
	if m := delivered[*pb.ServiceMessage](s, pb.WrapperMessage_TYPE_SERVICE_MESSAGE); m.GetMessage() != "1234" || m.GetUserName() != alice {
		t.Errorf("the answer: %v", m)
	}
	s.expect("a receipt", func(n *xmltree.Node) bool {
		return n.Get("to") == phone && stanza.Child(n, stanza.Receipts, "received") != nil
	})
}

// TestOnlyTheTextOfAMessageAnswersAQuestion replies to a question, and withdraws an earlier
// answer while the next question is open.
func TestOnlyTheTextOfAMessageAnswersAQuestion(t *testing.T) {
	s := play(t, "")
	s.loggingIn()
	s.question(&pb.Question{Id: proto.String("1"), Text: proto.String("Code?"), Secret: proto.Bool(true)})
	for _, content := range []string{
		`<body>I withdraw it</body>` + retract("x") + `<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:1"><body/></fallback>`,
		`<body>👍</body>` + reactions("x", "👍") + fallbackOf("urn:xmpp:reactions:0", 1),
		`<body> </body>`,
		`<body>&gt; Code?
</body>` + reply("x", transport, 8),
		`<body>&gt; Code?
12345</body>` + reply("x", transport, 8),
	} {
		s.user(`<message type="chat" from="` + desktop + `" to="` + transport + `">` + content + `</message>`)
	}
	if a := delivered[*pb.Answer](s, pb.WrapperMessage_TYPE_ANSWER); a.GetText() != "12345" {
		t.Errorf("the answer is %q", a.GetText())
	}
}

func TestQuestionIsSentWhileNoClientIsOnline(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1\n")
	s.online()
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED)
	if n := s.question(&pb.Question{Id: proto.String("1"), Text: proto.String("Code?")}); n.Get("to") != alice {
		t.Errorf("the question: %v", n)
	}
	s.saysToTransport(phone, "1234")
	delivered[*pb.ServiceMessage](s, pb.WrapperMessage_TYPE_SERVICE_MESSAGE)
}

func TestAnswerToASecretQuestionIsASecret(t *testing.T) {
	s := play(t, "")
	s.loggingIn()
	n := s.question(&pb.Question{Id: proto.String("1"), Text: proto.String("Password?"), Secret: proto.Bool(true)})
	if body := stanza.ChildText(n, "", "body"); !strings.Contains(body, "The answer is a secret") || !strings.Contains(body, "Answer the question") {
		t.Errorf("the text is %q", body)
	}
	s.saysToTransport(desktop, "/cancel")
	delivered[*pb.ServiceMessage](s, pb.WrapperMessage_TYPE_SERVICE_MESSAGE)
	s.saysToTransport(desktop, " hunter2 ")
	if a := delivered[*pb.Answer](s, pb.WrapperMessage_TYPE_ANSWER); a.GetText() != "hunter2" || a.GetId() != "1" {
		t.Errorf("the answer: %v", a)
	}
	s.script(pb.WrapperMessage_TYPE_ANSWER, &pb.Answer{UserName: proto.String(alice), Id: proto.String("1")})
	s.script(pb.WrapperMessage_TYPE_SERVICE_MESSAGE, &pb.ServiceMessage{UserName: proto.String(alice), Message: proto.String("Thanks")})
	s.expect("the notice", message(transport))
	s.saysToTransport(desktop, "hello")
	if m := delivered[*pb.ServiceMessage](s, pb.WrapperMessage_TYPE_SERVICE_MESSAGE); m.GetMessage() != "hello" {
		t.Errorf("after the end of the question: %v", m)
	}
	if strings.Contains(s.logged.String(), "hunter2") {
		t.Error("the log has the answer")
	}
}

func TestQuestionCanBeAnsweredInAForm(t *testing.T) {
	s := play(t, "")
	s.loggingIn()
	s.question(&pb.Question{Id: proto.String("7"), Text: proto.String("How?"), Options: []string{"SMS", "call"}})
	if nodes := strings.Join(s.commandNodes(), " "); !strings.HasPrefix(nodes, "answer ") {
		t.Errorf("the commands: %s", nodes)
	}
	fields, session := s.begin("answer")
	if f := fields["answer"]; f.Get("type") != "list-single" || len(stanza.Children(f)) != 3 {
		t.Errorf("the field: %v", f)
	}
	s.result("set", transport, commandXML(`node="answer" action="complete" sessionid="`+session+`"`, submitted("", "question", "7", "answer", "call")))
	if a := delivered[*pb.Answer](s, pb.WrapperMessage_TYPE_ANSWER); a.GetId() != "7" || a.GetText() != "call" {
		t.Errorf("the answer: %v", a)
	}
	s.script(pb.WrapperMessage_TYPE_ANSWER, &pb.Answer{UserName: proto.String(alice), Id: proto.String("7")})
	s.announce("")
	if c := s.refused("set", transport, commandXML(`node="answer"`, "")); c != stanza.Forbidden {
		t.Errorf("without a question: %s", c)
	}
}

func TestPictureOfAQuestion(t *testing.T) {
	s := play(t, "")
	s.loggingIn()
	code, err := qrcode.New("https://example.net")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := code.PNG()
	if err != nil {
		t.Fatal(err)
	}
	n := s.question(&pb.Question{Id: proto.String("1"), Text: proto.String("Scan"), Picture: picture, Secret: proto.Bool(true)})
	if !strings.Contains(stanza.ChildText(n, "", "body"), code.Blocks()) {
		t.Error("the text does not show the code")
	}
	data := stanza.Child(n, stanza.Bits, "data")
	if data == nil || data.Get("type") != "image/png" || stanza.Body(data) != base64.StdEncoding.EncodeToString(picture) {
		t.Fatalf("the picture: %v", data)
	}
	if text, _ := n.Text(1 << 20); !strings.Contains(text, `src="cid:`+data.Get("cid")+`"`) {
		t.Error("the markup does not show the picture")
	}
	fetched := s.result("get", transport, `<data xmlns="urn:xmpp:bob" cid="`+data.Get("cid")+`"/>`)
	if stanza.Body(fetched) != stanza.Body(data) {
		t.Error("a client fetches another picture")
	}
	if c := s.refused("get", transport, `<data xmlns="urn:xmpp:bob" cid="x"/>`); c != stanza.ItemNotFound {
		t.Errorf("another picture: %s", c)
	}
	fields, _ := s.begin("answer")
	if m := stanza.Child(fields["answer"], "urn:xmpp:media-element", "media"); len(stanza.Children(m)) != 1 || fields["answer"].Get("type") != "text-private" {
		t.Errorf("the field of the form: %v", fields["answer"])
	}
}

func TestLogoutForgetsTheQuestion(t *testing.T) {
	s := play(t, "")
	s.online()
	s.question(&pb.Question{Id: proto.String("1"), Text: proto.String("Code?")})
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
	if c := s.refused("set", transport, commandXML(`node="answer"`, "")); c != stanza.Forbidden {
		t.Errorf("the form: %s", c)
	}
	s.saysToTransport(desktop, "1234")
	s.expect("an error", func(n *xmltree.Node) bool { return message(transport)(n) && n.Get("type") == "error" })
}

// declares announces two commands of the script, one for admins.
func (s *scene) declares() {
	s.t.Helper()
	s.script(pb.WrapperMessage_TYPE_COMMANDS, &pb.Commands{Command: []*pb.Command{
		{Name: proto.String("join"), Description: proto.String("Join a room"), Argument: []*pb.CommandArgument{
			{Name: proto.String("room")}, {Name: proto.String("password"), Optional: proto.Bool(true), Secret: proto.Bool(true)},
		}},
		{Name: proto.String("stop"), Admin: proto.Bool(true)},
		{Name: proto.String("list")},
	}})
	s.announce("")
}

func TestCommandsOfTheScriptAreForms(t *testing.T) {
	s := play(t, "")
	s.online()
	s.declares()
	if nodes := strings.Join(s.commandNodes(), " "); !strings.HasSuffix(nodes, "script/join script/list") {
		t.Errorf("the commands: %s", nodes)
	}
	info := s.result("get", transport, `<query xmlns="http://jabber.org/protocol/disco#info" node="script/join"/>`)
	if n := stanza.Child(info, stanza.DiscoInfo, "identity"); n == nil || n.Get("name") != "Join a room" {
		t.Errorf("the command: %v", info)
	}
	if c := s.refused("set", transport, commandXML(`node="script/stop"`, "")); c != stanza.Forbidden {
		t.Errorf("a command of admins: %s", c)
	}
	if c := s.refused("get", transport, `<query xmlns="http://jabber.org/protocol/disco#items" node="script/other"/>`); c != stanza.ItemNotFound {
		t.Errorf("a node that does not exist: %s", c)
	}
	fields, session := s.begin("script/join")
	if fields["room"].Get("type") != "text-single" || stanza.Child(fields["room"], stanza.DataForm, "required") == nil || fields["password"].Get("type") != "text-private" {
		t.Errorf("the form: %v", fields)
	}
	s.user(`<iq type="set" id="run" from="` + desktop + `" to="` + transport + `">` + commandXML(`node="script/join" action="complete" sessionid="`+session+`"`, submitted("", "room", " #a ", "password", "")) + `</iq>`)
	run := delivered[*pb.CommandRun](s, pb.WrapperMessage_TYPE_COMMAND)
	if run.GetName() != "join" || len(run.GetArgument()) != 1 || run.GetArgument()["room"] != "#a" {
		t.Errorf("the command: %v", run)
	}
	s.script(pb.WrapperMessage_TYPE_COMMAND, &pb.CommandRun{UserName: proto.String(alice), Id: run.Id, Result: proto.String("no such room"), Failed: proto.Bool(true)})
	c := stanza.Children(s.expect("the result", answer("run")))[0]
	if note := stanza.Child(c, stanza.Commands, "note"); c.Get("status") != "completed" || note.Get("type") != "error" || stanza.Body(note) != "no such room" {
		t.Errorf("the result: %v", c)
	}
}

// TestFormThatIsSentTwiceRunsOnce sends further steps while the script runs the command.
func TestFormThatIsSentTwiceRunsOnce(t *testing.T) {
	s := play(t, "")
	s.online()
	s.declares()
	_, session := s.begin("script/join")
	step := func(action string) string {
		return commandXML(`node="script/join" action="`+action+`" sessionid="`+session+`"`, submitted("", "room", "#a"))
	}
	s.user(iq("set", "run", transport, step("complete")))
	run := delivered[*pb.CommandRun](s, pb.WrapperMessage_TYPE_COMMAND)
	for _, action := range []string{"complete", "execute", "cancel", "prev"} {
		if e := stanza.ErrorOf(s.ask("set", transport, step(action))); e == nil || e.App.Name != "bad-sessionid" {
			t.Errorf("%s while the command runs: %v", action, e)
		}
	}
	s.nothing(pb.WrapperMessage_TYPE_COMMAND)
	s.script(pb.WrapperMessage_TYPE_COMMAND, &pb.CommandRun{UserName: proto.String(alice), Id: run.Id, Result: proto.String("joined")})
	if c := stanza.Children(s.expect("the result", answer("run")))[0]; c.Get("status") != "completed" {
		t.Errorf("the result: %v", c)
	}
}

func TestLongCommandContinuesAfterItsForm(t *testing.T) {
	s := play(t, "")
	s.online()
	s.declares()
	s.user(`<iq type="set" id="run" from="` + desktop + `" to="` + transport + `">` + commandXML(`node="script/list"`, "") + `</iq>`)
	run := delivered[*pb.CommandRun](s, pb.WrapperMessage_TYPE_COMMAND)
	s.passes(15 * time.Second)
	c := stanza.Children(s.expect("the form ends", answer("run")))[0]
	if c.Get("status") != "completed" || !strings.Contains(stanza.ChildText(c, stanza.Commands, "note"), "still running") {
		t.Errorf("the form: %v", c)
	}
	s.script(pb.WrapperMessage_TYPE_COMMAND, &pb.CommandRun{UserName: proto.String(alice), Id: run.Id, Result: proto.String("#a #b")})
	if n := s.expect("the result", message(transport)); stanza.ChildText(n, "", "body") != "#a #b" {
		t.Errorf("the result: %v", n)
	}
}

func TestHeadlinesAndErrorsAreIgnored(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, typ := range []string{"headline", "error"} {
		for _, to := range []string{transport, roomJID, roomJID + "/carol"} {
			s.user(`<message type="` + typ + `" id="no" from="` + desktop + `" to="` + to + `"><body>x</body></message>`)
		}
	}
	s.user(`<message type="chat" from="` + desktop + `" to="` + transport + `"><active xmlns="http://jabber.org/protocol/chatstates"/></message>`)
	s.saysToTransport(desktop, "end")
	if m := delivered[*pb.ServiceMessage](s, pb.WrapperMessage_TYPE_SERVICE_MESSAGE); m.GetMessage() != "end" {
		t.Errorf("the script gets %v", m)
	}
	for _, n := range s.server.Stanzas() {
		if stanza.Attr(n, "id") == "no" {
			t.Errorf("an answer: %s", xmlOf(n))
		}
	}
}

// TestSharedPictureOfAQuestion has a link besides the picture.
func TestSharedPictureOfAQuestion(t *testing.T) {
	s := play(t, "")
	s.loggingIn()
	const address = "https://files.example.net/x/picture.gif"
	n := s.question(&pb.Question{
		Id: proto.String("1"), Text: proto.String("Look"), Picture: []byte("GIF89a"),
		Attachment: []*pb.Attachment{{Url: proto.String(address)}},
	})
	if !strings.Contains(stanza.ChildText(n, "", "body"), "Look\n"+address) {
		t.Errorf("the text lacks the link: %s", stanza.ChildText(n, "", "body"))
	}
	if got := stanza.ChildText(stanza.Child(n, stanza.OutOfBand, "x"), stanza.OutOfBand, "url"); got != address {
		t.Errorf("the link is %q", got)
	}
	if stanza.Child(n, stanza.Bits, "data") == nil {
		t.Error("the message lacks the picture")
	}
	fields, _ := s.begin("answer")
	uris := stanza.Children(stanza.Child(fields["answer"], "urn:xmpp:media-element", "media"))
	if len(uris) != 2 || stanza.Body(uris[0]) != address || !strings.HasPrefix(stanza.Body(uris[1]), "cid:sha1+") || stanza.Attr(uris[0], "type") != "image/gif" {
		t.Errorf("the field of the form has the pictures %v", uris)
	}
}
