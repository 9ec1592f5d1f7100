// Package jid makes names valid as parts of a JID. XMPP servers prepare JIDs by
// stringprep (RFC 3454, with the profiles of RFC 6122). A message from a JID that
// cannot be prepared closes the stream of the whole transport.
package jid

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
	"golang.org/x/text/unicode/norm"
)

// maxPart is the maximum length of a part of a JID in bytes (RFC 6122, section
// 2.1).
const maxPart = 1023

// nobody replaces a name without any valid character.
const nobody = "_"

// prohibited are the tables of the profiles. They omit C.1.1, the blank: a resource
// may contain it, and in a localpart it is escaped (XEP-0106).
var prohibited = []stringprep.Set{
	stringprep.TableC1_2, stringprep.TableC2_1, stringprep.TableC2_2, stringprep.TableC3, stringprep.TableC4,
	stringprep.TableC5, stringprep.TableC6, stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
}

// Resource makes a name, such as a nickname in a room, valid as a resource. It
// returns a valid name unchanged. Otherwise it removes the prohibited characters
// and truncates the name. The result is never empty.
func Resource(name string) string {
	return repair(head(name), func(s string) int { return len(s) })
}

// Local makes a name, such as a contact's or a room's, valid as a localpart after
// Spectrum has escaped it (XEP-0106).
func Local(name string) string {
	if plain(name) && 3*len(name) <= maxPart { // the usual case, even if all of it is escaped
		return cmp.Or(strings.Trim(name, " "), nobody)
	}
	name = head(name)
	// Some characters, such as a no-break space or a fullwidth @, are composed into
	// one that needs escaping. They must be composed before that.
	if composed := norm.NFKC.String(name); escapedLen(composed)-len(composed) != escapedLen(name)-len(name) {
		name = composed
	}
	return repair(strings.TrimFunc(name, isBlank), escapedLen)
}

func isBlank(r rune) bool { return r == ' ' || stringprep.TableC1_2.Contains(r) }

// head returns the beginning of a name. The rest of a very long name does not fit
// into the JID, and must not cost time.
func head(name string) string {
	const longest = 16 * maxPart
	return name[:min(len(name), longest)]
}

// repair makes a name valid. size returns the number of bytes of a name in the JID,
// which is the sum of those of its characters.
func repair(name string, size func(string) int) string {
	if plain(name) && size(name) <= maxPart {
		return name
	}
	if fit(name) && size(norm.NFKC.String(name)) <= maxPart {
		return name
	}
	runes := []rune(strings.ToValidUTF8(norm.NFKC.String(name), ""))
	runes = slices.DeleteFunc(runes, isProhibited)
	name = cut(string(oneDirection(runes)), size)
	// The remaining characters may compose differently, and the result has to be
	// valid too.
	if name == "" || !fit(name) {
		return nobody
	}
	return name
}

// plain reports whether a name consists of printable ASCII.
func plain(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c >= utf8.RuneSelf-1 {
			return false
		}
	}
	return name != ""
}

// fit reports whether stringprep accepts a name. Like servers, it accepts code
// points that are newer than Unicode 3.2, such as emoji.
func fit(name string) bool {
	if name == "" || !utf8.ValidString(name) {
		return false
	}
	runes := []rune(norm.NFKC.String(name))
	if slices.ContainsFunc(runes, isProhibited) {
		return false
	}
	return len(oneDirection(slices.Clone(runes))) == len(runes)
}

func isProhibited(r rune) bool {
	return slices.ContainsFunc(prohibited, func(s stringprep.Set) bool { return s.Contains(r) })
}

// oneDirection removes the characters that violate stringprep's rule for
// right-to-left text (RFC 3454, section 6). It keeps letters of the first direction
// only, and removes other characters at the ends of right-to-left text.
func oneDirection(runes []rune) []rune {
	isRight, isLeft := stringprep.TableD1.Contains, stringprep.TableD2.Contains
	first := slices.IndexFunc(runes, func(r rune) bool { return isRight(r) || isLeft(r) })
	if first < 0 {
		return runes
	}
	if isLeft(runes[first]) {
		return slices.DeleteFunc(runes, isRight)
	}
	runes = slices.DeleteFunc(runes[first:], isLeft)
	for len(runes) > 0 && !isRight(runes[len(runes)-1]) {
		runes = runes[:len(runes)-1]
	}
	return runes
}

// cut truncates a name to maxPart bytes.
func cut(name string, size func(string) int) string {
	taken := 0
	for at, r := range name {
		if taken += size(name[at : at+utf8.RuneLen(r)]); taken > maxPart {
			return name[:at]
		}
	}
	return name
}

// escapedLen returns the length of a localpart after escaping.
func escapedLen(name string) int {
	return len(name) + 2*strings.Count(name, " ") + 2*len(name) - 2*len(strings.Map(dropSpecial, name))
}

// dropSpecial removes the characters that XEP-0106 escapes, except the blank.
func dropSpecial(r rune) rune {
	if strings.ContainsRune(`"&'/:<>@\`, r) {
		return -1
	}
	return r
}
