package luabind

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/xmltext"
)

// textField is the field that LongModes is about, and markupField its copy with markup.
const (
	textField   = "message"
	markupField = "xhtml"
)

// onceFields are the fields that only the first part of a text has: two messages must not
// have the same id, for example.
var onceFields = []string{"id", "replaces", "reply_to", "attachment"}

// leastText is the smallest space for a text beside the other fields, in bytes. With
// less, a long text would become very many messages.
const leastText = 4096

// longMode returns the option `long` of a sending method: argument n. It returns "" if
// the option is not set, and raises an error for a wrong one.
func longMode(l *lua.LState, typ *schema.Type, n int) string {
	if l.Get(n) == lua.LNil {
		return ""
	}
	modes := typ.LongModes()
	if modes == nil {
		bind.Raise(l, "%s has no options", typ.Name)
	}
	o := bind.OptionsAt(l, n, typ.Name)
	mode := o.String("long", "")
	o.Done()
	if mode != "" && !slices.Contains(modes, mode) {
		bind.Raise(l, "%s: long: \"%s\" expected, got %s", typ.Name, strings.Join(modes, `" or "`), bind.Describe(lua.LString(mode)))
	}
	return mode
}

// sendLong is send for a message whose text may be too long for a stanza. It splits or
// truncates the text, as mode says.
func (h *Host) sendLong(l *lua.LState, typ *schema.Type, s *session.Session, user string, fields lua.LValue, mode string) {
	payload, err := h.payload(typ, user, fields)
	given, ok := fields.(*lua.LTable)
	if !errors.Is(err, convert.ErrTooBig) || !ok {
		h.sendPayload(l, typ, s, payload, err)
		return
	}
	part := bind.NewTable()
	given.ForEach(part.RawSet)
	part.RawSetString(markupField, lua.LNil)
	text := xmltext.Clean(lua.LVAsString(given.RawGetString(textField)))
	space, err := spaceForText(typ, part, user)
	if err != nil {
		h.sendPayload(l, typ, s, nil, err)
	}
	for text != "" {
		var first string
		if mode == "split" {
			first, text = splitText(text, space)
		} else {
			first, text = truncateText(text, space), ""
		}
		part.RawSetString(textField, lua.LString(first))
		payload, err := h.payload(typ, user, part)
		h.sendPayload(l, typ, s, payload, err)
		for _, field := range onceFields {
			part.RawSetString(field, lua.LNil)
		}
	}
}

// sendPayload sends an encoded message, or raises the error of encoding it.
func (h *Host) sendPayload(l *lua.LState, typ *schema.Type, s *session.Session, payload []byte, err error) {
	if err != nil {
		bind.Raise(l, "%s: %v", typ.Name, err)
	}
	h.transmit(l, typ, s, payload)
}

// spaceForText returns how many bytes of a stanza the other fields leave for the text. It
// changes the text of fields. The error says that the other fields alone are too big.
func spaceForText(typ *schema.Type, fields *lua.LTable, user string) (int, error) {
	fields.RawSetString(textField, lua.LString(""))
	used, err := convert.Size(typ.Payload, fields, user)
	if err == nil && convert.MaxStanza-used < leastText {
		fields.RawSetString(textField, lua.LString(strings.Repeat("x", leastText)))
		_, err = convert.Size(typ.Payload, fields, user)
	}
	return convert.MaxStanza - used, err
}

// fitting returns the length of the longest beginning of text, of whole characters, that
// takes at most space bytes in a stanza.
func fitting(text string, space int) int {
	if len(text) <= space && xmltext.EscapedLen(text) <= space {
		return len(text)
	}
	at, size := 0, 0
	for at < len(text) {
		_, n := utf8.DecodeRuneInString(text[at:])
		if size += xmltext.EscapedLen(text[at : at+n]); size > space {
			break
		}
		at += n
	}
	return at
}

// splitText cuts text into a part that fits and the rest: after a line if the second half
// of the part has a line's end, otherwise at a blank, otherwise between two characters.
func splitText(text string, space int) (part, rest string) {
	n := fitting(text, space)
	if n == len(text) {
		return text, ""
	}
	for _, separator := range []string{"\n", " "} {
		if at := strings.LastIndex(text[:n+1], separator); at > n/2 {
			return text[:at], text[at+1:]
		}
	}
	return text[:n], text[n:]
}

// truncateText returns the beginning of a text that fits, with an ellipsis.
func truncateText(text string, space int) string {
	n := fitting(text, space)
	if n == len(text) {
		return text
	}
	const ellipsis = "…"
	return text[:fitting(text, space-len(ellipsis))] + ellipsis
}
