package secret

import (
	"strings"
	"sync"
)

// Bounds of the words that a Set looks for. A shorter word would match in many
// ordinary texts. Of a longer word the Set compares only the beginning, and it hides
// the text from there to its end.
const (
	MinLength = 4
	maxLength = 8 << 10
)

// Set hides secrets in texts, in any encoding that the package documentation lists.
// The zero value is empty. It is safe for concurrent use.
type Set struct {
	mu   sync.RWMutex
	trie trie
}

// Add adds a word. It ignores a word that is shorter than MinLength or equal to
// Mask. A word that is added twice has to be removed twice.
func (s *Set) Add(word string) {
	if !looksFor(word) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trie.add(word[:min(len(word), maxLength)], len(word) > maxLength)
}

// Remove undoes one Add.
func (s *Set) Remove(word string) {
	if !looksFor(word) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trie.remove(word[:min(len(word), maxLength)])
}

func looksFor(word string) bool {
	return len(word) >= MinLength && strings.Trim(word, "*") != ""
}

// Hide returns text with Mask in place of each secret. It returns text itself if it
// contains no secret.
func (s *Set) Hide(text string) string {
	found := s.find(text)
	if len(found) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, f := range found {
		b.WriteString(text[at:f.start])
		b.WriteString(Mask)
		at = f.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// Within reports whether text contains a secret.
func (s *Set) Within(text string) bool { return len(s.find(text)) > 0 }

func (s *Set) find(text string) []span {
	if len(text) < MinLength {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.trie.words == 0 {
		return nil
	}
	m := matchers.Get().(*matcher)
	defer matchers.Put(m)
	*m = matcher{trie: &s.trie, text: text, budget: min(budgetPerByte*len(text)+budgetBase, max(budgetMost, 16*len(text))), stack: m.stack[:0]}
	found := m.find()
	m.text, m.trie = "", nil
	return found
}

var matchers = sync.Pool{New: func() any { return new(matcher) }}
