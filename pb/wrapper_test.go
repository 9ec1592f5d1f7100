package pb_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

const (
	ping        = pb.WrapperMessage_TYPE_PING
	convMessage = pb.WrapperMessage_TYPE_CONV_MESSAGE
)

func TestSplitWrapperReturnsTypeAndPayload(t *testing.T) {
	unknown := "\x1d\x01\x02\x03\x04" + // field 3, four bytes
		"\x21\x01\x02\x03\x04\x05\x06\x07\x08" + // field 4, eight bytes
		"\x2a\x02hi" + // field 5, a string
		"\x33\x08\x01\x34" // field 6, a group
	cases := []struct {
		name    string
		frame   string
		typ     pb.WrapperMessage_Type
		payload []byte
	}{
		{"only a type", "\x08\x09", ping, nil},
		{"an empty payload", "\x08\x09\x12\x00", ping, []byte{}},
		{"a payload", "\x08\x08\x12\x03abc", convMessage, []byte("abc")},
		{"the payload first", "\x12\x03abc\x08\x08", convMessage, []byte("abc")},
		{"two types and payloads: the last ones count", "\x08\x09\x12\x01a\x08\x08\x12\x01b", convMessage, []byte("b")},
		{"an unknown type", "\x08\x63", 99, nil},
		{"a type in more bytes than necessary", "\x08\x89\x80\x00", ping, nil},
		{"a negative type", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", -1, nil},
		{"unknown fields first", unknown + "\x08\x08\x12\x03abc", convMessage, []byte("abc")},
		{"unknown fields last", "\x08\x08\x12\x03abc" + unknown, convMessage, []byte("abc")},
		{"known field numbers with another wire type", "\x0a\x01x\x10\x05\x08\x09", ping, nil},
		{"the highest field", "\x08\x09\xf8\xff\xff\xff\x0f\x01", ping, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			typ, payload, err := pb.SplitWrapper([]byte(c.frame))
			if err != nil {
				t.Fatal(err)
			}
			if typ != c.typ || !bytes.Equal(payload, c.payload) || (payload == nil) != (c.payload == nil) {
				t.Errorf("type %d, payload %#v; want %d, %#v", typ, payload, c.typ, c.payload)
			}
		})
	}
}

func TestSplitWrapperRejectsMalformedFrames(t *testing.T) {
	cases := []struct{ name, frame, want string }{
		{"nothing", "", "it has no type"},
		{"only a payload", "\x12\x03abc", "it has no type"},
		{"a type with another wire type", "\x0a\x01x", "it has no type"},
		{"text", "no WrapperMessage", ""},
		{"an end within a tag", "\x08\x09\x92", "EOF"},
		{"an end within the type", "\x08\x89", "EOF"},
		{"an end within the payload", "\x08\x08\x12\x04abc", "EOF"},
		{"a length of 4 GiB", "\x08\x08\x12\xff\xff\xff\xff\x0f", "EOF"},
		{"an end within an unknown field", "\x08\x08\x1d\x01", "EOF"},
		{"a number over 64 bits", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "overflow"},
		{"the field 0", "\x08\x09\x00\x01", "field number"},
		{"a field number over the maximum", "\x08\x09\x80\x80\x80\x80\x10\x01", "field"},
		{"an unknown wire type", "\x08\x09\x1e", "reserved"},
		{"a group without a start", "\x08\x09\x34", "end group"},
		{"a group without an end", "\x08\x09\x33\x08\x01", "EOF"},
		{"100,000 nested groups", "\x08\x09" + strings.Repeat("\x33", 100_000), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			typ, payload, err := pb.SplitWrapper([]byte(c.frame))
			if !errors.Is(err, pb.ErrMalformed) {
				t.Fatalf("type %d, payload %q, error %v", typ, payload, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not say %q", err, c.want)
			}
		})
	}
}

func TestWrapperEqualsProtobufsEncoding(t *testing.T) {
	payloads := []struct {
		name    string
		payload []byte
	}{
		{"no payload", nil},
		{"an empty payload", []byte{}},
		{"a short payload", []byte("abc")},
		{"127 bytes", make([]byte, 127)},
		{"128 bytes", make([]byte, 128)},
		{"16,384 bytes", make([]byte, 16384)},
	}
	numbers := []pb.WrapperMessage_Type{127, 128, 1<<31 - 1, -1}
	for number := range pb.WrapperMessage_Type_name {
		numbers = append(numbers, pb.WrapperMessage_Type(number))
	}
	for _, c := range payloads {
		t.Run(c.name, func(t *testing.T) {
			for _, typ := range numbers {
				want, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.WrapperMessage{Type: &typ, Payload: c.payload})
				if err != nil {
					t.Fatal(err)
				}
				got := pb.AppendWrapper([]byte("before"), typ, c.payload)
				if !bytes.Equal(got, append([]byte("before"), want...)) {
					t.Errorf("type %d: %q, want %q", typ, got, want)
				}
				n := len(c.payload)
				if c.payload == nil {
					n = -1
				}
				if size := pb.SizeWrapper(typ, n); size != len(want) {
					t.Errorf("type %d: size %d, want %d", typ, size, len(want))
				}
				back, payload, err := pb.SplitWrapper(want)
				if err != nil || back != typ || !bytes.Equal(payload, c.payload) || (payload == nil) != (c.payload == nil) {
					t.Errorf("type %d is decoded as %d, %q, %v", typ, back, payload, err)
				}
			}
		})
	}
}

func TestPayloadIsAPartOfTheFrame(t *testing.T) {
	frame := []byte("\x08\x08\x12\x03abc\x2a\x02hi")
	_, payload, err := pb.SplitWrapper(frame)
	if err != nil {
		t.Fatal(err)
	}
	frame[4] = 'X'
	if string(payload) != "Xbc" {
		t.Errorf("the payload %q was copied", payload)
	}
	_ = append(payload, "overwritten"...)
	if string(frame) != "\x08\x08\x12\x03Xbc\x2a\x02hi" {
		t.Errorf("appending to the payload changed the frame: %q", frame)
	}
}

func TestWrapperDoesNotAllocate(t *testing.T) {
	payload := bytes.Repeat([]byte("x"), 1000)
	frame := pb.AppendWrapper(nil, convMessage, payload)
	buf := make([]byte, 0, 2*len(frame))
	allocs := testing.AllocsPerRun(100, func() {
		typ, p, err := pb.SplitWrapper(frame)
		if err != nil {
			t.Fatal(err)
		}
		buf = pb.AppendWrapper(buf[:0], typ, p)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	if !bytes.Equal(buf, frame) {
		t.Error("the decoded message differs")
	}
}

// FuzzSplitWrapper compares SplitWrapper with the generated code.
func FuzzSplitWrapper(f *testing.F) {
	for _, seed := range []string{
		"", "\x08\x09", "\x08\x08\x12\x03abc", "\x12\x03abc\x08\x08", "\x08\x63", "\x33\x08\x01\x34\x08\x09",
		"\x08\x09\x80\x80\x80\x80\x10\x01", "\x08\x09\x1e", "\x0a\x01x\x10\x05\x08\x09", "\x08\x63\x08\x09", "\x08\x09\x08\x63",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		typ, payload, err := pb.SplitWrapper(frame)
		if err != nil && !errors.Is(err, pb.ErrMalformed) {
			t.Errorf("the error %v is not ErrMalformed", err)
		}
		var want pb.WrapperMessage
		switch wantErr := proto.Unmarshal(frame, &want); {
		case wantErr == nil && err != nil:
			t.Fatalf("%v, but protobuf accepts the frame: %v", err, &want)
		case wantErr != nil && err == nil:
			// The generated code treats an unknown type as an absent one.
			if known(typ) {
				t.Fatalf("type %d, but protobuf says %v", typ, wantErr)
			}
			return
		case err != nil:
			return
		}
		if known(typ) && typ != want.GetType() {
			t.Errorf("type %d, want %d", typ, want.GetType())
		}
		if !bytes.Equal(payload, want.GetPayload()) || (payload == nil) != (want.Payload == nil) {
			t.Errorf("payload %q, want %q", payload, want.Payload)
		}
		again := pb.AppendWrapper(nil, typ, payload)
		typ2, payload2, err := pb.SplitWrapper(again)
		if err != nil || typ2 != typ || !bytes.Equal(payload2, payload) {
			t.Errorf("after encoding it again: %d, %q, %v", typ2, payload2, err)
		}
	})
}

func known(typ pb.WrapperMessage_Type) bool {
	_, ok := pb.WrapperMessage_Type_name[int32(typ)]
	return ok
}

func BenchmarkSplitWrapper(b *testing.B) {
	frame := pb.AppendWrapper(nil, convMessage, make([]byte, 100))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := pb.SplitWrapper(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendWrapper(b *testing.B) {
	payload := make([]byte, 100)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = pb.AppendWrapper(buf[:0], convMessage, payload)
	}
	if len(buf) != 2+2+len(payload) {
		b.Fatal(len(buf))
	}
}
