package users

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"spectrumlua/runtime/database"
)

// limits holds the sizes of columns, in characters. SQLite does not enforce them. They
// still apply there, so that the users can move to a server.
type limits struct {
	text     int // jid, password, and a contact's name, alias and groups
	name     int // users.uin
	language int
	encoding int
	setting  int // the name of a setting
	value    int // users_settings.value
	// narrow is true if the columns hold only characters up to U+FFFF.
	narrow bool
}

func limitsOf(e *database.Engine) limits {
	l := limits{text: 255, name: 4095, language: 25, encoding: 50, setting: 50, value: 255}
	if e == database.SQLite {
		l.value = 4095
	}
	return l
}

// check returns an error if a value does not fit into its column. The error does not
// contain the value.
func (l limits) check(what, value string, limit int) error {
	switch n := utf8.RuneCountInString(value); {
	case !storable(value):
		return fmt.Errorf("%w: the %s is not UTF-8 or contains a NUL", ErrInvalid, what)
	case n > limit:
		return fmt.Errorf("%w: the %s has %d characters, and %d is the maximum", ErrInvalid, what, n, limit)
	case l.narrow && strings.ContainsFunc(value, wide):
		return fmt.Errorf("%w: the %s contains a character beyond U+FFFF, which these tables cannot hold", ErrInvalid, what)
	}
	return nil
}

func wide(r rune) bool { return r > 0xFFFF }

// storable reports whether every engine can store a text.
func storable(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// fit returns a text that a column can hold, for texts that are only shown to people.
func (l limits) fit(text string, limit int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if l.narrow {
		text = strings.Map(func(r rune) rune {
			if wide(r) {
				return utf8.RuneError
			}
			return r
		}, text)
	}
	for n, at := 0, 0; at < len(text); n++ {
		if n == limit {
			return text[:at]
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return text
}

// joinGroups joins the names of groups. It drops the groups that do not fit.
func (l limits) joinGroups(groups []string) string {
	joined, size := "", 0
	for _, group := range groups {
		group = l.fit(strings.ReplaceAll(group, groupSeparator, " "), l.text)
		n := utf8.RuneCountInString(group)
		if group == "" || size+1+n > l.text && size > 0 {
			continue
		}
		if joined != "" {
			joined += groupSeparator
			size++
		}
		joined += group
		size += n
	}
	return joined
}
