package secret

import (
	"bytes"
	"strings"
)

// trie holds words as a radix tree. The cost for each position of a text does not
// grow with the number of words. The zero value is empty.
type trie struct {
	kids  [256]*node
	words int
}

// node stands for a prefix that words share: the labels from the root down to it.
type node struct {
	label string // the bytes between the parent and this node; the parent's key is the first one
	count int    // how many times the word that ends here has been added
	open  bool   // the word that ends here is longer than maxLength
	keys  []byte // the first bytes of kids
	kids  []*node
}

// state is a position in a trie: after the first at bytes of the node's label. The
// zero value is the root.
type state struct {
	node *node
	at   int
}

func (n *node) kid(c byte) *node {
	if i := bytes.IndexByte(n.keys, c); i >= 0 {
		return n.kids[i]
	}
	return nil
}

// step returns the state after one more byte. It returns false if no word continues
// with it.
func (t *trie) step(s state, c byte) (state, bool) {
	if s.node != nil && s.at < len(s.node.label) {
		return state{s.node, s.at + 1}, s.node.label[s.at] == c
	}
	var next *node
	if s.node == nil {
		next = t.kids[c]
	} else {
		next = s.node.kid(c)
	}
	return state{next, 1}, next != nil
}

// ends reports whether a word ends at s.
func (s state) ends() bool { return s.node != nil && s.at == len(s.node.label) && s.node.count > 0 }

// add adds a word, or counts it once more if the trie contains it.
func (t *trie) add(word string, open bool) {
	n := t.kids[word[0]]
	if n == nil {
		n = &node{label: word}
		t.kids[word[0]] = n
	}
	for {
		common := commonPrefix(n.label, word)
		if common < len(n.label) {
			n.split(common)
		}
		if word = word[common:]; word == "" {
			break
		}
		kid := n.kid(word[0])
		if kid == nil {
			kid = &node{label: word}
			n.keys, n.kids = append(n.keys, word[0]), append(n.kids, kid)
		}
		n = kid
	}
	if n.count == 0 {
		t.words++
	}
	n.count++
	n.open = n.open || open
}

// split divides n into two nodes after the first at bytes of its label.
func (n *node) split(at int) {
	rest := *n
	rest.label = n.label[at:]
	*n = node{label: n.label[:at], keys: []byte{rest.label[0]}, kids: []*node{&rest}}
}

// remove undoes one add of a word.
func (t *trie) remove(word string) {
	n := t.kids[word[0]]
	if n == nil {
		return
	}
	if t.removeBelow(n, word) {
		t.kids[word[0]] = nil
	}
}

// removeBelow undoes one add of a word in n and its children. It reports whether n
// contains no more words.
func (t *trie) removeBelow(n *node, word string) bool {
	rest, ok := strings.CutPrefix(word, n.label)
	if !ok {
		return false
	}
	if rest == "" {
		if n.count > 0 {
			if n.count--; n.count == 0 {
				t.words--
				n.open = false
			}
		}
	} else if i := bytes.IndexByte(n.keys, rest[0]); i >= 0 && t.removeBelow(n.kids[i], rest) {
		last := len(n.kids) - 1
		n.keys[i], n.kids[i], n.kids[last] = n.keys[last], n.kids[last], nil
		n.keys, n.kids = n.keys[:last], n.kids[:last]
	}
	return n.count == 0 && len(n.kids) == 0
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
