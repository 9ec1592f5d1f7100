package luabind_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

// asking returns a script that asks at login and reports the answer in a notice.
func asking(options string) string {
	return `
local on = {}
function on.login(session)
  local answer, err = session:ask { ` + options + ` }
  session:connected()
  session:notify("got " .. tostring(answer) .. ", " .. tostring(err))
end
return on`
}

// writes sends a text of the user to the transport itself.
func writes(st *luatest.Fixture, text string) {
	st.Receive("service_message", &pb.ServiceMessage{UserName: proto.String(alice), Message: &text})
}

func expectQuestion(t *testing.T, st *luatest.Fixture, text string) *pb.Question {
	t.Helper()
	var q pb.Question
	st.Expect("question", &q)
	if q.GetText() != text || q.GetUserName() != alice || q.GetId() == "" {
		t.Fatalf("the question is %v, want %q", &q, text)
	}
	return &q
}

func expectNotice(t *testing.T, st *luatest.Fixture, text string) {
	t.Helper()
	var m pb.ServiceMessage
	st.Expect("service_message", &m)
	if m.GetMessage() != text {
		t.Fatalf("the user reads %q, want %q", m.GetMessage(), text)
	}
}

func TestAskReturnsTheAnswerBeforeConnected(t *testing.T) {
	st := luatest.Start(t, asking(`text = "Code?", secret = true`))
	st.Login(alice)
	if q := expectQuestion(t, st, "Code?"); !q.GetSecret() {
		t.Error("the question is not marked as secret")
	}
	st.Say(alice, "echo", "this message waits behind on.login")
	writes(st, " 12345 ")
	st.Expect("answer", &pb.Answer{}) // the question ends before the script continues
	st.Expect("connected", nil)
	expectNotice(t, st, "got 12345, nil")
}

func TestAskTakesTheAnswerOfAForm(t *testing.T) {
	st := luatest.Start(t, asking(`text = "Code?"`))
	st.Login(alice)
	q := expectQuestion(t, st, "Code?")
	answer := func(id string, text *string) {
		st.Receive("answer", &pb.Answer{UserName: proto.String(alice), Id: &id, Text: text})
	}
	answer("other", proto.String("x"))
	expectNotice(t, st, "This question is not open any more.")
	answer(q.GetId(), proto.String(" \n"))
	answer(q.GetId(), proto.String("1"))
	expectNotice(t, st, "got 1, nil")
}

func TestAskFailsWithAReason(t *testing.T) {
	t.Run("cancelled in the chat", func(t *testing.T) {
		st := luatest.Start(t, asking(`text = "Code?"`))
		st.Login(alice)
		expectQuestion(t, st, "Code?")
		writes(st, "/Help")
		expectNotice(t, st, "There are no commands. /cancel cancels a question.")
		writes(st, "/Cancel")
		expectNotice(t, st, "got nil, cancelled")
	})
	t.Run("cancelled in the form", func(t *testing.T) {
		st := luatest.Start(t, asking(`text = "Code?"`))
		st.Login(alice)
		q := expectQuestion(t, st, "Code?")
		st.Receive("answer", &pb.Answer{UserName: proto.String(alice), Id: q.Id})
		expectNotice(t, st, "got nil, cancelled")
	})
	t.Run("timeout", func(t *testing.T) {
		st := luatest.Start(t, asking(`text = "Code?", timeout = 0.01`))
		st.Login(alice)
		q := expectQuestion(t, st, "Code?")
		var end pb.Answer
		st.Expect("answer", &end)
		if end.GetId() != q.GetId() || end.Text != nil {
			t.Errorf("the question ends with %v", &end)
		}
		expectNotice(t, st, "got nil, timeout")
		writes(st, "too late")
		expectNotice(t, st, "Nobody reads this chat. /help lists the commands.")
	})
}

func TestAskIsAskedAgainUntilTheAnswerIsAnOption(t *testing.T) {
	for text, want := range map[string]string{"Call me": "Call me", "call ME": "Call me", "2": "Call me", "1.": "SMS"} {
		st := luatest.Start(t, asking(`text = "How?", options = { "SMS", "Call me" }`))
		st.Login(alice)
		if q := expectQuestion(t, st, "How?"); len(q.GetOptions()) != 2 {
			t.Errorf("options: %q", q.GetOptions())
		}
		writes(st, "post")
		expectNotice(t, st, "This is not one of the answers: SMS, Call me")
		expectQuestion(t, st, "How?")
		writes(st, "3")
		expectQuestion(t, st, "How?")
		writes(st, text)
		expectNotice(t, st, "got "+want+", nil")
	}
}

// TestQuotationOfAQuestionIsNoAnswer answers with the reply function of a client, under
// Spectrum: the quotation is part of the text.
func TestQuotationOfAQuestionIsNoAnswer(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"the question", "> Code?\n> The answer is a secret.\n12345", "12345"},
		{"without blanks", ">Code?\n12345", "12345"},
		{"several lines", "> Code?\none\n> two", "one\n> two"},
		{"another text", "> Other\n12345", "> Other\n12345"},
		{"only the question", "> Code?", "> Code?"},
		{"a text that begins like that", ">Code?12345", ">Code?12345"},
	} {
		st := luatest.Start(t, asking(`text = "Code?\nFrom the letter"`))
		st.Login(alice)
		expectQuestion(t, st, "Code?\nFrom the letter")
		writes(st, c.answer)
		var m pb.ServiceMessage
		st.Expect("service_message", &m)
		if want := "got " + c.want + ", nil"; m.GetMessage() != want {
			t.Errorf("%s: %q, want %q", c.name, m.GetMessage(), want)
		}
	}
}

func TestQuestionsQueueInOrder(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
function on.login(session)
  session:connected()
  session:spawn(function() session:notify("1: " .. tostring((session:ask { text = "first" }))) end)
  session:spawn(function() session:notify("2: " .. tostring((session:ask { text = "second" }))) end)
end
return on`)
	st.Login(alice)
	expectQuestion(t, st, "first")
	writes(st, "a")
	expectQuestion(t, st, "second")
	writes(st, "b")
	got := map[string]bool{}
	for range 2 {
		var m pb.ServiceMessage
		st.Expect("service_message", &m)
		got[m.GetMessage()] = true
	}
	if !got["1: a"] || !got["2: b"] {
		t.Errorf("got %v", got)
	}
}

func TestTooManyQuestionsFail(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
function on.login(session)
  session:connected()
  for i = 1, 16 do session:spawn(function() session:ask { text = "question" } end) end
  session:spawn(function() session:notify(select(2, session:ask { text = "one more" })) end)
end
return on`)
	st.Login(alice)
	expectNotice(t, st, "more than 16 questions wait for the user's answer")
}

func TestLogoutEndsAQuestion(t *testing.T) {
	st := luatest.Start(t, `
local log = require("spectrum").log
local on = {}
function on.login(session)
  local ok, err = pcall(session.ask, session, { text = "Code?" })
  log.info("ended: " .. tostring(ok) .. " " .. tostring(err))
end
function on.logout() log.info("logged out") end
return on`, "logout_grace=0")
	st.Login(alice)
	expectQuestion(t, st, "Code?")
	st.Logout(alice)
	st.ExpectLog("logged out")
	st.Login(alice) // a new session asks again
	expectQuestion(t, st, "Code?")
	writes(st, "1")
	st.ExpectLog("ended: true 1")
}

func TestAskChecksItsOptions(t *testing.T) {
	for _, c := range []struct{ options, want string }{
		{`{ txt = "x" }`, `ask has no option "txt"; did you mean "text"?`},
		{`{}`, "ask: text is missing"},
		{`{ text = " \n" }`, "ask: text is missing"},
		{`"Code?"`, "ask: table of options expected"},
		{`{ text = "x", secret = 1 }`, "ask: secret: true or false expected, got number 1"},
		{`{ text = "x", timeout = 0 }`, "ask: timeout: more than 0 seconds expected"},
		{`{ text = "x", timeout = -1 }`, "ask: timeout: number of seconds expected"},
		{`{ text = "x", options = {} }`, "ask: options: a list of at least two answers expected"},
		{`{ text = "x", options = { "a" } }`, "ask: options: a list of at least two answers expected"},
		{`{ text = "x", options = { "a", "a" } }`, `ask: options: the answer "a" occurs twice`},
		{`{ text = "x", options = { "a", " b" } }`, "ask: options: answer 2: one line of 1 to 200 bytes expected"},
		{`{ text = "x", options = { 1, 2 } }`, "ask: options: list of strings expected"},
		{`{ text = "x", picture = "hello" }`, "ask: picture: the bytes of a PNG, JPEG, GIF or WebP"},
	} {
		st := luatest.Start(t, "local on = {}\nfunction on.login(session)\nsession:ask "+c.options+"\nend\nreturn on")
		st.Login(alice)
		st.ExpectLog("script.lua:3: ", c.want)
	}
}

func TestNotifyWritesToTheUser(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
function on.login(session)
  session:connected()
  session:notify("hello\0 \27there")
  session:notify(("long "):rep(30000))
  session:notify(" ")
end
return on`)
	st.Login(alice)
	expectNotice(t, st, "hello there")
	size := 0
	for range 3 {
		var m pb.ServiceMessage
		st.Expect("service_message", &m)
		size += len(m.GetMessage())
	}
	if size < 149_000 {
		t.Errorf("%d bytes have arrived", size)
	}
	st.ExpectLog("script.lua:7: ", "text expected, got an empty one")
}

func TestQRReturnsAPictureOrLines(t *testing.T) {
	luatest.Run(t, `
local spectrum = require "spectrum"
local picture = assert(spectrum.qr("https://example.net/1"))
assert(picture:sub(2, 4) == "PNG")
local lines = assert(spectrum.qr("https://example.net/1", { blocks = true }))
assert(#lines > 500 and lines:find("▀"))
local nothing, err = spectrum.qr(("x"):rep(4000))
assert(nothing == nil and err:find("too long"), err)
assert(select(2, pcall(spectrum.qr, "x", { block = true })):find('did you mean "blocks"', 1, true))
assert(not pcall(spectrum.qr, ""))`)
}

func TestTextsWithoutAQuestionAreAnswered(t *testing.T) {
	st := luatest.Start(t, "local on = {}\nfunction on.login(session) session:connected() end\nreturn on")
	st.Login(alice)
	st.Expect("connected", nil)
	for text, want := range map[string]string{
		"hello":   "Nobody reads this chat. /help lists the commands.",
		"/cancel": "There is no question to cancel.",
		"/Cancel": "There is no question to cancel.",
		"/help":   "There are no commands. /cancel cancels a question.",
		"/hepl":   "Unknown command /hepl. Did you mean /help?",
	} {
		writes(st, text)
		expectNotice(t, st, want)
	}
	writes(st, "")
	writes(st, strings.Repeat("x", 100000)) // the hint was given a moment ago
	writes(st, "/cancel")
	expectNotice(t, st, "There is no question to cancel.")
}
