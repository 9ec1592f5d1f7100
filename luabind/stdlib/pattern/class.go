package pattern

// set is a set of bytes.
type set [256]bool

var (
	noBytes = &set{}
	// classes holds the sets of %a, %c etc. by letter. A capital letter means all other bytes.
	classes = map[byte]*set{}
)

func init() {
	for letter, has := range map[byte]func(c byte) bool{
		'a': isLetter,
		'c': func(c byte) bool { return c < ' ' || c == 0x7F },
		'd': isDigit,
		'l': func(c byte) bool { return 'a' <= c && c <= 'z' },
		'p': func(c byte) bool { return c > ' ' && c < 0x7F && !isLetter(c) && !isDigit(c) },
		's': func(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' },
		'u': func(c byte) bool { return 'A' <= c && c <= 'Z' },
		'w': func(c byte) bool { return isLetter(c) || isDigit(c) },
		'x': func(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' },
		'z': func(c byte) bool { return c == 0 },
	} {
		in, out := &set{}, &set{}
		for c := range in {
			in[c] = has(byte(c))
			out[c] = !in[c]
		}
		classes[letter], classes[letter-'a'+'A'] = in, out
	}
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

func (s *set) add(other *set) {
	for c, in := range other {
		if in {
			s[c] = true
		}
	}
}

func (s *set) invert() {
	for c := range s {
		s[c] = !s[c]
	}
}
