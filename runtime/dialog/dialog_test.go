package dialog

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/qrcode"
)

func TestTextShowsAllThatTheUserNeeds(t *testing.T) {
	code, err := qrcode.New("hello")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := code.PNG()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, form string
		q          *pb.Question
		want       string
	}{
		{"a text", "", &pb.Question{Text: proto.String("Name?")}, "Name?\n(/cancel gives up.)"},
		{"options", "", &pb.Question{Text: proto.String("How?"), Options: []string{"SMS", "call"}}, "How?\n1. SMS\n2. call\n(/cancel gives up.)"},
		{"a secret", "a form", &pb.Question{Text: proto.String("Code?"), Secret: proto.Bool(true)},
			"Code?\nThe answer is a secret, and clients and servers keep chats: delete your answer afterwards, or give it in a form. /cancel gives up."},
		{"a QR code", "", &pb.Question{Text: proto.String("Scan"), Picture: picture}, "Scan\n```\n" + code.Blocks() + "\n```\n(/cancel gives up.)"},
		{"another picture", "", &pb.Question{Text: proto.String("Look"), Picture: []byte("GIF89a")}, "Look\n(/cancel gives up.)"},
		{"a shared picture", "", &pb.Question{Text: proto.String("Look"), Picture: picture, Attachment: []*pb.Attachment{{Url: proto.String("https://a/b")}}}, "Look\nhttps://a/b\n(/cancel gives up.)"},
	} {
		if got := Text(c.q, c.form); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestOnlyWordsOfTheRuntimePass(t *testing.T) {
	for text, want := range map[string]bool{"/cancel": true, "/Cancel": true, " /help ": true, "/HELP": true, "/help me": false, "/x": false, "cancel": false, "": false} {
		if Passes(text) != want {
			t.Errorf("%s: %v", strings.TrimSpace(text), !want)
		}
	}
}
