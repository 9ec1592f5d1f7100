// Package dialog writes the questions of a script as texts for a chat.
package dialog

import (
	"fmt"
	"strings"

	"spectrumlua/pb"
	"spectrumlua/runtime/qrcode"
)

// Contact is the name of the contact that stands for the transport itself where users
// cannot write to the JID of the transport.
const Contact = "service"

// Words that the user can write at any time, in upper or lower case.
const (
	Cancel = "/cancel"
	Help   = "/help"
)

// Text returns a question as a text, with its options and, if the picture is a QR code,
// with the code in block characters. form says where the user can answer in a form, or is
// "".
func Text(q *pb.Question, form string) string {
	var b strings.Builder
	b.WriteString(q.GetText())
	for i, option := range q.GetOptions() {
		fmt.Fprintf(&b, "\n%d. %s", i+1, option)
	}
	if code := qrcode.FromPicture(q.GetPicture()); code != nil && len(q.GetAttachment()) == 0 {
		b.WriteString("\n```\n" + code.Blocks() + "\n```") // as preformatted text (XEP-0393)
	}
	for _, a := range q.GetAttachment() {
		b.WriteString("\n" + a.GetUrl())
	}
	switch {
	case q.GetSecret():
		b.WriteString("\nThe answer is a secret, and clients and servers keep chats: delete your answer afterwards")
		if form != "" {
			b.WriteString(", or give it in " + form)
		}
		b.WriteString(". " + Cancel + " gives up.")
	default:
		b.WriteString("\n(" + Cancel + " gives up.)")
	}
	return b.String()
}

// Passes reports whether a text is for the runtime even while a question is open, in upper or
// lower case: telephones begin with a capital letter.
func Passes(text string) bool {
	text = strings.TrimSpace(text)
	return strings.EqualFold(text, Cancel) || strings.EqualFold(text, Help)
}
