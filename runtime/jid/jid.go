// Package jid makes names fit to be a part of a JID. XMPP servers prepare JIDs
// by stringprep (RFC 3454, with the profiles of RFC 6122), and one that cannot
// be prepared, as whom a message is from, closes the stream of the whole
// transport.
package jid

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
	"golang.org/x/text/unicode/norm"
)

// maxPart is how many bytes a part of a JID may have (RFC 6122, section 2.1).
const maxPart = 1023

// nobody stands for a name of which nothing can stay.
const nobody = "_"

// The profiles' tables of what is prohibited. Both leave out C.1.1, the blank:
// a resource may have it, and in a localpart it is escaped (XEP-0106).
var prohibited = []stringprep.Set{
	stringprep.TableC1_2, stringprep.TableC2_1, stringprep.TableC2_2, stringprep.TableC3, stringprep.TableC4,
	stringprep.TableC5, stringprep.TableC6, stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
}

// Resource makes a name, such as a nickname in a room, fit to be a resource.
// One that is fit stays as it is; of another, what must not stand in a JID is
// left out, and what is too long cut off. It is never empty.
func Resource(name string) string {
	return mend(head(name), func(s string) int { return len(s) })
}

// Local makes a name, such as a contact's or a room's, fit to be a localpart
// once it has been escaped (XEP-0106), which is what Spectrum does.
func Local(name string) string {
	if plain(name) && 3*len(name) <= maxPart { // as nearly all are, whatever has to be escaped
		return cmp.Or(strings.Trim(name, " "), nobody)
	}
	name = head(name)
	// A character that is composed into one which has to be escaped, such as a
	// no-break space or a fullwidth @, has to be so before that is done.
	if composed := norm.NFKC.String(name); escapedLen(composed)-len(composed) != escapedLen(name)-len(name) {
		name = composed
	}
	return mend(strings.TrimFunc(name, isBlank), escapedLen)
}

func isBlank(r rune) bool { return r == ' ' || stringprep.TableC1_2.Contains(r) }

// head is the beginning of a name. Of one that is far too long the rest cannot
// be seen in the JID, and whoever made it up is not to be given time for it.
func head(name string) string {
	const longest = 16 * maxPart
	return name[:min(len(name), longest)]
}

// mend makes a name fit; size is how many bytes it takes in the JID: as many as
// its characters take, one by one.
func mend(name string, size func(string) int) string {
	if plain(name) && size(name) <= maxPart {
		return name
	}
	if fit(name) && size(norm.NFKC.String(name)) <= maxPart {
		return name
	}
	runes := []rune(strings.ToValidUTF8(norm.NFKC.String(name), ""))
	runes = slices.DeleteFunc(runes, isProhibited)
	name = cut(string(oneDirection(runes)), size)
	// What is left can be composed anew, and must still be fit then.
	if name == "" || !fit(name) {
		return nobody
	}
	return name
}

// plain tells whether a name has nothing but printable ASCII.
func plain(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c >= utf8.RuneSelf-1 {
			return false
		}
	}
	return name != ""
}

// fit tells whether stringprep lets a name pass. Code points that Unicode 3.2
// did not have are let through, as servers do: emoji are among them.
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

// oneDirection leaves out what stringprep's rule for right-to-left text does
// not let stand (RFC 3454, section 6): letters of both directions, of which
// those of the first one stay, and in right-to-left text whatever else stands
// at its ends.
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

// cut takes the end off a name that is too long.
func cut(name string, size func(string) int) string {
	taken := 0
	for at, r := range name {
		if taken += size(name[at : at+utf8.RuneLen(r)]); taken > maxPart {
			return name[:at]
		}
	}
	return name
}

// escapedLen is the length of a localpart with its special characters escaped.
func escapedLen(name string) int {
	return len(name) + 2*strings.Count(name, " ") + 2*len(name) - 2*len(strings.Map(dropSpecial, name))
}

// dropSpecial leaves out what XEP-0106 escapes, but for the blank.
func dropSpecial(r rune) rune {
	if strings.ContainsRune(`"&'/:<>@\`, r) {
		return -1
	}
	return r
}
