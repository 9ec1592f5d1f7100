package record

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/runtime/schema"
)

// learn remembers the secrets in a message. Later texts of the user may repeat them,
// for example a password that the user sends to a bot.
func (e *encoder) learn(m protoreflect.Message, s *schema.Message) {
	s.Secrets(m, func(word string) { e.known.Learn(e.user, word) })
}

// hide masks secrets in a text: those of the current message's user, or those of all
// users if the message names no user.
func (e *encoder) hide(text string) string {
	if e.user == "" {
		return e.also.Hide(e.known.Hide(text))
	}
	return e.also.HideOf(e.user, e.known.HideOf(e.user, text))
}

// within reports whether data contains a secret that hide would mask.
func (e *encoder) within(data []byte) bool {
	if e.user == "" {
		return e.known.Within(string(data)) || e.also.Within(string(data))
	}
	return e.known.WithinOf(e.user, string(data)) || e.also.WithinOf(e.user, string(data))
}
