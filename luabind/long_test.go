package luabind_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind/convert"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/xmltext"
)

// longParts sends text with an option, beside the fields in more, and returns the
// messages that left.
func longParts(t *testing.T, method, text, mode, more string) []*pb.ConversationMessage {
	t.Helper()
	st := luatest.Start(t, fmt.Sprintf(`local on = {}
function on.conv_message(session)
  session:%s({ buddy_name = "b", message = %s, %s }, { long = %q })
  session:connected()
end
return on`, method, text, more, mode))
	st.Login(alice)
	st.Expect("connected", nil)
	st.Say(alice, "b", "go")
	var parts []*pb.ConversationMessage
	for {
		number, payload, ok := st.Sent.Any()
		if !ok {
			t.Fatal("the messages do not end")
		}
		if number == pb.WrapperMessage_TYPE_CONNECTED {
			return parts
		}
		var m pb.ConversationMessage
		if number != schema.TypeByName(method).Number || proto.Unmarshal(payload, &m) != nil {
			t.Fatalf("%v was sent", number)
		}
		size := 0
		for _, s := range []string{m.GetUserName(), m.GetBuddyName(), m.GetMessage(), m.GetNickname(), m.GetXhtml()} {
			size += xmltext.EscapedLen(s)
		}
		if size > convert.MaxStanza {
			t.Errorf("a part takes %d bytes", size)
		}
		if m.GetMessage() != xmltext.Clean(m.GetMessage()) {
			t.Error("a character was split")
		}
		parts = append(parts, &m)
	}
}

func TestLongTextsAreSplit(t *testing.T) {
	const limit = convert.MaxStanza
	cases := []struct {
		name, text, more string
		parts            int
		joined           string // what the parts are joined with to give the text again
		shortest         int    // of all parts but the last, in bytes
	}{
		{"a short text", `"hello"`, "xhtml = '<b>hello</b>'", 1, "", 0},
		{"an empty text", `""`, "", 1, "", 0},
		{"between characters", `("x"):rep(1500000)`, "", 3, "", limit - 1000},
		{"not inside a character", `"x" .. ("é"):rep(600000)`, "", 3, "", limit - 1000},
		{"not inside a character of four bytes", `"x" .. ("😀"):rep(300000)`, "", 3, "", limit - 1000},
		{"at blanks", `("word "):rep(200000)`, "", 2, " ", limit - 1000},
		{"at lines", `(("some words here "):rep(6) .. "\n"):rep(10000)`, "", 2, "\n", limit - 1000},
		{"escaped characters count", `("&<\n"):rep(100000)`, "", 3, "\n", 100000},
		{"a line's end at the limit", `("x"):rep(300000) .. "\n" .. ("y"):rep(400000)`, "", 2, "\n", 300000},
		{"the other fields are kept", `("x"):rep(600000)`, "nickname = 'carol', timestamp = 1700000000, headline = true, xhtml = ('<b>x</b>'):rep(1000)", 2, "", limit - 10000},
		{"control characters and invalid bytes", `("a\0\255"):rep(200000)`, "", 2, "", limit - 10000},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			parts := longParts(t, "conv_message", c.text, "split", c.more)
			if len(parts) != c.parts {
				t.Fatalf("%d parts, want %d", len(parts), c.parts)
			}
			var texts []string
			for i, m := range parts {
				texts = append(texts, m.GetMessage())
				if i < len(parts)-1 && len(m.GetMessage()) < c.shortest {
					t.Errorf("part %d has only %d bytes", i, len(m.GetMessage()))
				}
				if m.GetBuddyName() != "b" || strings.Contains(c.more, "carol") && (m.GetNickname() != "carol" || m.GetTimestamp() == "" || !m.GetHeadline()) {
					t.Errorf("part %d lacks fields", i)
				}
				if len(parts) > 1 && m.GetXhtml() != "" || len(parts) == 1 && strings.Contains(c.more, "xhtml") && m.GetXhtml() == "" {
					t.Errorf("xhtml of part %d: %q", i, m.GetXhtml())
				}
			}
			if c.parts > 1 && !strings.HasPrefix(c.name, "control") {
				whole := strings.Join(texts, c.joined)
				st := luatest.Run(t, fmt.Sprintf("require('spectrum.log').info(tostring(#(%s)))", c.text))
				st.ExpectLog(fmt.Sprint(len(whole)))
			}
		})
	}
}

func TestLongTextsAreTruncated(t *testing.T) {
	for _, method := range []string{"conv_message", "room_subject_changed", "attention"} {
		t.Run(method, func(t *testing.T) {
			parts := longParts(t, method, `("é&"):rep(400000)`, "truncate", "")
			if len(parts) != 1 || !strings.HasSuffix(parts[0].GetMessage(), "&…") && !strings.HasSuffix(parts[0].GetMessage(), "é…") {
				t.Fatalf("%d parts", len(parts))
			}
			if n := xmltext.EscapedLen(parts[0].GetMessage()); n < convert.MaxStanza-100 {
				t.Errorf("only %d bytes are left", n)
			}
			if parts := longParts(t, method, `"short"`, "truncate", ""); len(parts) != 1 || parts[0].GetMessage() != "short" {
				t.Error("a short text is changed")
			}
		})
	}
}

func TestLongMarkupIsDroppedIfTheTextFits(t *testing.T) {
	for _, mode := range []string{"split", "truncate"} {
		parts := longParts(t, "conv_message", `"short"`, mode, `xhtml = ("<b>x</b>"):rep(100000)`)
		if len(parts) != 1 || parts[0].GetMessage() != "short" || parts[0].GetXhtml() != "" {
			t.Errorf("%s: %d parts", mode, len(parts))
		}
	}
}

func TestWrongUseOfLongIsAnError(t *testing.T) {
	st := luatest.Start(t, `local spectrum = require "spectrum"
local on = {}
function on.login(session)
  local function fails(want, fn, ...)
    local ok, err = pcall(fn, ...)
    assert(not ok and err:find(want, 1, true), err)
  end
  local big = { buddy_name = "b", message = ("x"):rep(600000) }
  fails("conv_message: it is too big", session.conv_message, session, big)
  fails("conv_message: it is too big", session.conv_message, session, big, {})
  fails('conv_message: long: "split" or "truncate" expected, got string "spilt"', session.conv_message, session, big, { long = "spilt" })
  fails('conv_message: long: string expected, got true', session.conv_message, session, big, { long = true })
  fails('conv_message has no option "lonk"; did you mean "long"?', session.conv_message, session, big, { lonk = "split" })
  fails('attention: long: "truncate" expected, got string "split"', session.attention, session, big, { long = "split" })
  fails("buddy_typing has no options", session.buddy_typing, session, { buddy_name = "b" }, { long = "split" })
  fails('there is no field "text"', session.conv_message, session, { buddy_name = "b", text = "x" }, { long = "split" })
  fails("conv_message: it is too big", session.conv_message, session,
    { buddy_name = "b", message = ("x"):rep(600000), nickname = "n", attachment = { { url = ("u"):rep(514000) } } }, { long = "split" })
  assert(spectrum.send("conv_message", { user_name = session.user, buddy_name = "b", message = ("x"):rep(600000) }, { long = "split" }))
  session:connected()
end
return on`)
	st.Login(alice)
	for range 2 {
		st.Expect("conv_message", nil)
	}
	st.Expect("connected", nil)
}

func TestSplittingAHugeTextTakesLinearTime(t *testing.T) {
	begin := time.Now()
	parts := longParts(t, "conv_message", `("&"):rep(8000000)`, "split", "")
	if took := time.Since(begin); len(parts) < 70 || took > 20*time.Second {
		t.Errorf("%d parts after %v", len(parts), took)
	}
}
