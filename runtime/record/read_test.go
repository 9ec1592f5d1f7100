package record

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const header = `{"record":1,"time":"2026-01-31T12:00:00.5Z","version":"0.1.0","jid":"irc.localhost","pid":71,"config":"/etc/x.cfg","script":"/etc/x.lua","part":1}` + "\n"

const hello = `{"t":0.5,"dir":"in","type":"conv_message","fields":{"user_name":"alice@localhost","buddy_name":"b","message":"hello"}}` + "\n"

func TestInvalidLinesAreErrors(t *testing.T) {
	with := func(line string) string { return header + hello + line + "\n" + hello }
	cases := []struct{ name, text, want string }{
		{"nothing", "", "r:1: the record is empty"},
		{"blanks", "\n \n", "r:1: the record is empty"},
		{"no header", hello, `r:1: a record begins with a header`},
		{"something else", "From: me\n", "r:1: the line is not a JSON object: "},
		{"a newer format", `{"record":2,"version":"9.0"}` + "\n", "r:1: this record was made by a newer program, spectrum2-lua 9.0"},
		{"no JSON", with("{"), "r:3: the line is not a JSON object: "},
		{"a list", with("[]"), "r:3: "},
		{"two objects", with("{} {}"), "r:3: more text follows the object"},
		{"not UTF-8", with("{\"event\":\"\xff\"}"), "r:3: the line is not UTF-8"},
		{"an unknown key", with(`{"t":1,"dri":"in"}`), `r:3: unknown field "dri"`},
		{"time before the beginning", with(`{"t":-1,"dir":"in","type":"exit"}`), "r:3: t must be a number of seconds since the start of the run, not -1"},
		{"time too large", with(`{"t":1e300,"dir":"in","type":"exit"}`), "r:3: t must be a number of seconds since the start of the run, not 1e+300"},
		{"time as a string", with(`{"t":"1","dir":"in","type":"exit"}`), "r:3: t must not be a string"},
		{"no direction", with(`{"t":1,"type":"exit"}`), `r:3: dir is ""; it must be "in" (to the backend) or "out" (to Spectrum)`},
		{"no type", with(`{"t":1,"dir":"in"}`), `r:3: there is no type ""; there are connected, `},
		{"a type with a typo", with(`{"t":1,"dir":"in","type":"conv_mesage"}`), `r:3: there is no type "conv_mesage"; did you mean "conv_message"?`},
		{"an event with a typo", with(`{"t":1,"event":"lodaed"}`), `r:3: there is no event "lodaed"; did you mean "loaded"?`},
		{"a field with a typo", with(`{"t":1,"dir":"in","type":"logout","fields":{"usr":"a"}}`), `r:3: logout: there is no field "usr"; did you mean "user"?`},
		{"a field of the wrong kind", with(`{"t":1,"dir":"in","type":"logout","fields":{"user":1}}`), `r:3: logout: user: must be a string or {"base64":"…"}`},
		{"a field with null", with(`{"t":1,"dir":"in","type":"logout","fields":{"user":null}}`), `r:3: logout: user: must be a string or {"base64":"…"}`},
		{"an enum's value with a typo", with(`{"t":1,"dir":"in","type":"status_changed","fields":{"status":"onlin"}}`), `r:3: status_changed: status: there is no value "onlin"; did you mean "online"?`},
		{"no list", with(`{"t":1,"dir":"in","type":"buddy_changed","fields":{"group":"a"}}`), `r:3: buddy_changed: group: must be a list`},
		{"a number out of range", with(`{"t":1,"dir":"in","type":"vcard","fields":{"id":2147483648}}`), `r:3: vcard: id: 2147483648 is out of range`},
		{"a number with a fraction", with(`{"t":1,"dir":"in","type":"vcard","fields":{"id":1.5}}`), `r:3: vcard: id: `},
		{"no base64", with(`{"t":1,"dir":"in","type":"vcard","fields":{"photo":{"base64":"="}}}`), `r:3: vcard: photo: invalid base64`},
		{"bytes that are not fields", with(`{"t":1,"dir":"in","type":"vcard","fields":{"?":{"base64":"/w=="}}}`), `r:3: vcard: ?: the bytes are not fields`},
		{"fields of a type without fields", with(`{"t":1,"dir":"in","type":"exit","fields":{}}`), `r:3: exit: exit has no fields`},
		{"fields of an unknown type", with(`{"t":1,"dir":"in","type":"99","fields":{}}`), `r:3: the type 99 is unknown, so it cannot have fields`},
		{"two broken lines", header + "{\n{\n" + header, "r:2: the line is not a JSON object"},
		{"a broken last line with a newline", header + "{\n", "r:2: the line is not a JSON object"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			runs, err := Read("r", strings.NewReader(c.text))
			var where *Error
			if !errors.As(err, &where) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%d runs, error %v\nwant %s", len(runs), err, c.want)
			}
		})
	}
}

// TestTruncatedRecordIsReadUpToItsLastWholeLine truncates a record at each byte.
func TestTruncatedRecordIsReadUpToItsLastWholeLine(t *testing.T) {
	text := header + hello + hello + `{"t":1,"event":"end"}` + "\n"
	for n := len(header); n < len(text); n++ {
		runs, err := Read("r", strings.NewReader(text[:n]))
		if err != nil {
			t.Fatalf("at %d: %v", n, err)
		}
		whole := strings.Count(text[:n+1], "\n") - 1 // the last line is complete even without its newline
		if len(runs) != 1 || len(runs[0].Entries) != whole || runs[0].Whole && n+1 < len(text) {
			t.Fatalf("at %d: %d entries of %d, whole: %v", n, len(runs[0].Entries), whole, runs[0].Whole)
		}
	}
}

func TestReadErrorIsReturned(t *testing.T) {
	_, err := Read("r", io.MultiReader(strings.NewReader(header), iotest.ErrReader(io.ErrClosedPipe)))
	if !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(err.Error(), "r cannot be read") {
		t.Error(err)
	}
}

// FuzzRead reads any text. A record that it can read must be the same after it is
// written and read again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(header + hello + `{"t":1,"event":"loaded","generation":2,"sha256":"ab"}` + "\n" + `{"t":1.5,"dir":"out","type":"99","payload":{"base64":"AP8="}}`))
	f.Add([]byte(header + `{"t":1,"dir":"out","type":"participant_changed","fields":{"flag":["me",1024],"status":"dnd","?":{"base64":"+j8DbmV3"}}}`))
	f.Add([]byte(header + `{"t":1,"dir":"in","type":"buddies","fields":{"buddy":[{"user_name":"a","group":["x"]}]}}` + "\n{\n" + header))
	f.Add([]byte(header + `{"t":1,"dir":"in","type":"login","fields":{"settings":{"value":{"a":"\ud83d\ude00\u0000"}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		runs, err := Read("r", bytes.NewReader(text))
		if err != nil {
			return
		}
		var again []byte
		var r Recorder
		for _, run := range runs {
			for _, e := range run.Entries {
				if e.Event != "" || e.LeftOut {
					continue
				}
				size := len(e.Payload)
				if e.Payload == nil {
					size = -1
				}
				if again, err = r.line(again, item{at: e.Time, out: e.Out, typ: e.Type, size: size}, e.Payload); err != nil {
					t.Fatal(err)
				}
			}
		}
		second, err := Read("again", strings.NewReader(header+string(again)))
		if err != nil {
			t.Fatalf("%v in\n%s", err, again)
		}
		var third []byte
		var r3 Recorder
		for _, e := range second[0].Entries {
			size := len(e.Payload)
			if e.Payload == nil {
				size = -1
			}
			if e.LeftOut {
				return
			}
			if third, err = r3.line(third, item{at: e.Time, out: e.Out, typ: e.Type, size: size}, e.Payload); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(again, third) {
			t.Errorf("%s\nbecomes\n%s", again, third)
		}
	})
}
