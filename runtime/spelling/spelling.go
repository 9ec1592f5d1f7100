// Package spelling finds the known name that is closest to a misspelt word.
package spelling

import "strings"

const (
	// maxWord is the maximum length of a word, in bytes. The work grows with the
	// square of it.
	maxWord = 64
	// minPart is the minimum length of a part of a name that finds the name.
	minPart = 4
	// maxEdits is the maximum number of letters that a typo changes. With more, words
	// of other meanings become close: "renamed" and "removed" differ in three.
	maxEdits = 2
)

// opposites has pairs of parts that turn a word into its opposite.
var opposites = [][2]string{
	{"on", "off"}, {"in", "out"}, {"in", "ex"}, {"en", "de"}, {"en", "dis"}, {"un", ""}, {"dis", ""}, {"non", ""}, {"not", ""}, {"no", ""},
	{"get", "set"}, {"to", "from"}, {"min", "max"}, {"add", "remove"}, {"allow", "deny"}, {"before", "after"},
	{"first", "last"}, {"join", "leave"}, {"lock", "unlock"}, {"up", "down"}, {"read", "write"}, {"send", "receive"}, {"open", "close"},
	{"start", "stop"}, {"push", "pop"},
}

// Name returns the name in known that word most likely means, or "" if no name is
// close. Case, '_', '-' and '.' are ignored, so "maxFrame" finds "max_frame". A
// name is close if at most two letters of it, and at most a third, have to change (a
// letter added, removed or replaced, or two neighbours swapped). A name is also close
// if it is the only one that contains the word or is contained in it ("grace" finds
// "logout_grace", "on_login" finds "login"). An opposite is never close: "offline"
// does not find "online". The first of several equally close names wins, so the order
// of known should be fixed. Name is safe for concurrent use.
func Name(word string, known []string) string {
	if len(word) > maxWord {
		return ""
	}
	plain := normal(word)
	if plain == "" {
		return ""
	}
	best, bestDistance := "", -1
	for _, name := range known {
		candidate := normal(name)
		limit := min(maxEdits, max(len([]rune(plain)), len([]rune(candidate)))/3)
		d := distance(plain, candidate)
		if d <= limit && !opposite(plain, candidate) && (bestDistance < 0 || d < bestDistance) {
			best, bestDistance = name, d
		}
	}
	if best != "" {
		return best
	}
	return part(plain, known)
}

// part returns the only name in known that contains plain or is contained in it, or
// "".
func part(plain string, known []string) string {
	found := ""
	for _, name := range known {
		candidate := normal(name)
		if min(len(plain), len(candidate)) < minPart {
			continue
		}
		if !strings.Contains(candidate, plain) && !strings.Contains(plain, candidate) || opposite(plain, candidate) {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}

// opposite reports whether replacing a part of a with the opposite part results in b.
func opposite(a, b string) bool {
	for _, pair := range opposites {
		if swapped(a, b, pair[0], pair[1]) || swapped(a, b, pair[1], pair[0]) {
			return true
		}
	}
	return false
}

// swapped reports whether replacing one occurrence of from in a with to results in b.
// An empty part counts only at the beginning of a word.
func swapped(a, b, from, to string) bool {
	if from == "" {
		return to+a == b
	}
	if to == "" {
		return a == from+b
	}
	for at := 0; ; at++ {
		i := strings.Index(a[at:], from)
		if i < 0 {
			return false
		}
		at += i
		if a[:at]+to+a[at+len(from):] == b {
			return true
		}
	}
}

// normal removes the differences that Name ignores.
func normal(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '_', '-', '.', ' ':
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// distance returns the number of letters that must be added, removed, replaced or
// swapped with a neighbour to turn a into b.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	before, last, row := make([]int, len(to)+1), make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(from); i++ {
		row[0] = i
		for j := 1; j <= len(to); j++ {
			cost := 1
			if from[i-1] == to[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && from[i-1] == to[j-2] && from[i-2] == to[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(to)]
}
