package record

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
)

// Limits of what is looked for in texts. A shorter secret would make holes in
// every other word.
const (
	minSecret      = 4
	maxSecret      = 1 << 10
	secretsPerUser = 32
)

// known are secrets that have come by: whoever tells his password to a bot, or
// is told it, does not put it into the record either. The zero value knows
// none.
type known struct {
	users map[string]*secrets
	all   *strings.Replacer // nil: to be made
}

// secrets are those of one user.
type secrets struct {
	words    []string
	replacer *strings.Replacer // nil: to be made
}

// learn takes note of the secrets in a message.
func learn(k *known, user string, m protoreflect.Message, s *schema.Message) {
	for _, f := range s.Fields {
		d := f.Descriptor
		switch {
		case !m.Has(d):
		case d.IsMap():
			m.Get(d).Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
				if secret.Name(key.String()) {
					k.add(user, v.String())
				}
				return true
			})
		case d.IsList() && f.Message != nil:
			for i := range m.Get(d).List().Len() {
				learn(k, user, m.Get(d).List().Get(i).Message(), f.Message)
			}
		case d.IsList() && f.Secret:
			for i := range m.Get(d).List().Len() {
				k.add(user, m.Get(d).List().Get(i).String())
			}
		case f.Message != nil && !d.IsList():
			learn(k, user, m.Get(d).Message(), f.Message)
		case f.Secret:
			k.add(user, m.Get(d).String())
		}
	}
}

func (k *known) add(user, word string) {
	if len(word) < minSecret || len(word) > maxSecret || word == secret.Mask {
		return
	}
	s := k.users[user]
	if s == nil {
		if k.users == nil {
			k.users = map[string]*secrets{}
		}
		s = &secrets{}
		k.users[user] = s
	}
	if slices.Contains(s.words, word) {
		return
	}
	if len(s.words) == secretsPerUser {
		s.words = slices.Delete(s.words, 0, 1)
	}
	s.words = append(s.words, word)
	s.replacer, k.all = nil, nil
}

// hide masks the user's secrets in a text; everybody's if user is "".
func (k *known) hide(user, text string) string {
	switch {
	case len(k.users) == 0 || len(text) < minSecret:
		return text
	case user == "":
		return k.everybody().Replace(text)
	}
	if s := k.users[user]; s != nil {
		if s.replacer == nil {
			s.replacer = replacer(s.words)
		}
		return s.replacer.Replace(text)
	}
	return text
}

// within tells whether a secret of the user, or of anybody if user is "",
// stands in data.
func (k *known) within(user string, data []byte) bool {
	if len(k.users) == 0 || len(data) < minSecret {
		return false
	}
	text := string(data)
	return k.hide(user, text) != text
}

func (k *known) everybody() *strings.Replacer {
	if k.all == nil {
		var words []string
		for _, s := range k.users {
			words = append(words, s.words...)
		}
		k.all = replacer(words)
	}
	return k.all
}

// replacer masks words, a longer one before one that it begins with.
func replacer(words []string) *strings.Replacer {
	words = slices.Clone(words)
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	var pairs []string
	for _, w := range slices.Compact(words) {
		pairs = append(pairs, w, secret.Mask)
	}
	return strings.NewReplacer(pairs...)
}
