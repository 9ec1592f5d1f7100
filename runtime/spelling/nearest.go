// Package nearest finds the name that a misspelt word was meant to be.
package spelling

import "strings"

const (
	// maxWord is the longest word, in bytes, that is compared at all: a name is
	// never that long, and the work grows with the square.
	maxWord = 64
	// minPart is the fewest letters by which a part of a name stands for it.
	minPart = 4
)

// Name returns the one of known that word most likely means, as it stands in
// known, or "" when nothing is near. Case, '_', '-' and '.' do not count, so
// "maxFrame" finds "max_frame". A name is near when about a third of it or less
// would have to change (a letter added, left out or replaced, or two
// neighbours swapped), or when it is the only one that holds the word or is
// held by it ("grace" finds "logout_grace", "on_login" finds "login"). Of names
// equally near the first in known is taken, so give them in a fixed order. Any
// goroutine may call it.
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
		limit := max(len([]rune(plain)), len([]rune(candidate))) / 3
		d := distance(plain, candidate)
		if d <= limit && (bestDistance < 0 || d < bestDistance) {
			best, bestDistance = name, d
		}
	}
	if best != "" {
		return best
	}
	return part(plain, known)
}

// part returns the only name of known that holds plain or is held by it, or "".
func part(plain string, known []string) string {
	found := ""
	for _, name := range known {
		candidate := normal(name)
		if min(len(plain), len(candidate)) < minPart {
			continue
		}
		if !strings.Contains(candidate, plain) && !strings.Contains(plain, candidate) {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}

// normal leaves what two spellings of one name have in common.
func normal(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '_', '-', '.', ' ':
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// distance counts the letters that have to be added, left out, replaced or
// swapped with their neighbour to make b of a.
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
