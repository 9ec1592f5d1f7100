package record

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/runtime/schema"
)

// learn takes note of the secrets in a message: users who tell their password to
// a bot do not find it in the record either.
func (e *encoder) learn(m protoreflect.Message, s *schema.Message) {
	s.Secrets(m, func(word string) { e.known.Learn(e.user, word) })
}

// hide masks secrets in a text: the user's in one of theirs, everybody's in one
// of no user.
func (e *encoder) hide(text string) string {
	if e.user == "" {
		return e.known.Hide(text)
	}
	return e.known.HideOf(e.user, text)
}

// within reports whether there is something to hide in data.
func (e *encoder) within(data []byte) bool {
	if e.user == "" {
		return e.known.Within(string(data))
	}
	return e.known.WithinOf(e.user, string(data))
}
