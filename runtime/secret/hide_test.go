package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"math/rand/v2"
	"mime"
	"mime/quotedprintable"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/runtime/secret"
)

// encoder encodes a secret as a program or a protocol does.
type encoder struct {
	name   string
	encode func(r *rand.Rand, word string) string
}

// each returns an encoder that escapes all characters, or random ones if some is true.
func each(some bool, one func(r rune) string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, word string) string {
		var b strings.Builder
		for _, c := range word {
			if some && r.IntN(2) == 0 && strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", c) {
				b.WriteRune(c)
			} else {
				b.WriteString(one(c))
			}
		}
		return b.String()
	}
}

func eachByte(format string) func(*rand.Rand, string) string {
	return func(_ *rand.Rand, word string) string {
		var b strings.Builder
		for i := range len(word) {
			fmt.Fprintf(&b, format, word[i])
		}
		return b.String()
	}
}

func plain(f func(string) string) func(*rand.Rand, string) string {
	return func(_ *rand.Rand, word string) string { return f(word) }
}

func jsonText(escapeHTML bool) func(string) string {
	return func(word string) string {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escapeHTML)
		_ = e.Encode(word)
		return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
	}
}

func unquoted(f func(string) string) func(string) string {
	return func(word string) string { s := f(word); return s[1 : len(s)-1] }
}

// xmlText returns "" for a word that XML cannot contain.
func xmlText(word string) string {
	if strings.ContainsFunc(word, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\r", r) }) {
		return ""
	}
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(word))
	return b.String()
}

func utf16Escapes(r rune) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune{r}) {
		fmt.Fprintf(&b, `\u%04x`, unit)
	}
	return b.String()
}

// luaQuoted returns what Lua's string.format("%q") does, without the quotes.
func luaQuoted(word string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", "\\\n", "\r", `\r`, "\x00", `\000`).Replace(word)
}

// alignments returns an encoder that puts random bytes before the secret, as SASL does
// with a user's name.
func alignments(encoding *base64.Encoding) func(*rand.Rand, string) string {
	return func(r *rand.Rand, word string) string {
		before := []string{"", "u", "us", "\x00user\x00", "user:", "a@b.c:", "{\"p\":\""}[r.IntN(7)]
		after := []string{"", "x", "yz", "\"}"}[r.IntN(4)]
		return encoding.EncodeToString([]byte(before + word + after))
	}
}

func wrapped(word string) string {
	text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 50) + word))
	var lines []string
	for len(text) > 72 {
		lines, text = append(lines, text[:72]), text[72:]
	}
	return strings.Join(append(lines, text), "\r\n")
}

func quotedPrintable(word string) string {
	if strings.Contains(word, "\r") {
		return "" // quoted-printable changes the line ends
	}
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(strings.Repeat("long ", 13) + word))
	_ = w.Close()
	return b.String()
}

var single = []encoder{
	{"unchanged", plain(func(s string) string { return s })},
	{"XML, as Go writes it", plain(xmlText)},
	{"XML, only the required escapes", plain(strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace)},
	{"XML, an attribute", plain(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace)},
	{"HTML", plain(html.EscapeString)},
	{"XML, decimal references", each(false, func(r rune) string { return fmt.Sprintf("&#%d;", r) })},
	{"XML, hexadecimal references, some", each(true, func(r rune) string { return fmt.Sprintf("&#x%04X;", r) })},
	{"XML, CDATA", plain(func(s string) string { return "<![CDATA[" + strings.ReplaceAll(s, "]]>", "]]]]><![CDATA[>") + "]]>" })},
	{"URL, a query", plain(url.QueryEscape)},
	{"URL, a path", plain(url.PathEscape)},
	{"URL, user information", plain(func(s string) string { return url.UserPassword("u", s).String() })},
	{"URL, lower case", plain(func(s string) string { return strings.ToLower(eachByte("%%%02X")(nil, s)) })},
	{"URL, every byte", eachByte("%%%02X")},
	{"JSON", plain(jsonText(false))},
	{"JSON for HTML", plain(jsonText(true))},
	{"JSON, slashes", plain(func(s string) string { return strings.ReplaceAll(jsonText(false)(s), "/", `\/`) })},
	{"JSON, ASCII", each(true, utf16Escapes)},
	{"base64", alignments(base64.StdEncoding)},
	{"base64 without padding", alignments(base64.RawStdEncoding)},
	{"base64 for URLs", alignments(base64.URLEncoding)},
	{"base64 for URLs without padding", alignments(base64.RawURLEncoding)},
	{"base64 in lines", plain(wrapped)},
	{"quoted-printable", plain(quotedPrintable)},
	{"quoted-printable, every byte", eachByte("=%02X")},
	{"a word in a header", plain(func(s string) string { return mime.QEncoding.Encode("utf-8", s) })},
	{"hexadecimal", plain(func(s string) string { return hex.EncodeToString([]byte(s)) })},
	{"hexadecimal, upper case", eachByte("%02X")},
	{"hexadecimal, blanks", plain(func(s string) string { return fmt.Sprintf("% x", s) })},
	{"hexadecimal, colons", plain(func(s string) string { return strings.TrimSuffix(eachByte("%02x:")(nil, s), ":") })},
	{"a Go []byte", plain(func(s string) string { return fmt.Sprint([]byte(s)) })},
	{"a Lua table", plain(func(s string) string { return "{" + strings.TrimSuffix(eachByte("%d, ")(nil, s), ", ") + "}" })},
	{"Go %q", plain(unquoted(func(s string) string { return fmt.Sprintf("%q", s) }))},
	{"Go %+q", plain(unquoted(func(s string) string { return fmt.Sprintf("%+q", s) }))},
	{"Lua %q", plain(luaQuoted)},
	{"Lua, decimal", eachByte(`\%03d`)},
	{"C, octal", eachByte(`\%03o`)},
	{"hexadecimal escapes", eachByte(`\x%02x`)},
	{"SQL", plain(func(s string) string { return strings.ReplaceAll(s, "'", "''") })},
	{"CSV", plain(func(s string) string { return strings.ReplaceAll(s, `"`, `""`) })},
	{"a shell", plain(func(s string) string { return strings.ReplaceAll(s, "'", `'\''`) })},
	{"a JID", plain(strings.NewReplacer(" ", `\20`, `"`, `\22`, "&", `\26`, "'", `\27`, "/", `\2f`, ":", `\3a`, "<", `\3c`, ">", `\3e`, "@", `\40`).Replace)},
	{"a tag of IRC", plain(strings.NewReplacer(`\`, `\\`, ";", `\:`, " ", `\s`, "\r", `\r`, "\n", `\n`).Replace)},
	{"our log", plain(func(s string) string { return strings.ReplaceAll(s, "\n", "\n\t") })},
}

// inner and outer are the names of the encoders that the tests nest.
var (
	inner = []string{"unchanged", "XML, as Go writes it", "HTML", "JSON", "JSON for HTML", "URL, a query", "base64", "base64 for URLs", "hexadecimal"}
	outer = []string{"unchanged", "XML, as Go writes it", "XML, an attribute", "HTML", "JSON", "JSON, slashes", "URL, a query", "URL, every byte", "Go %q", "Lua %q", "base64", "quoted-printable"}
)

func named(t *testing.T, name string) encoder {
	t.Helper()
	for _, e := range single {
		if e.name == name {
			return e
		}
	}
	t.Fatalf("no encoder %q", name)
	return encoder{}
}

// combinations returns the encoders and nested pairs of them.
func combinations(t *testing.T) []encoder {
	t.Helper()
	all := append([]encoder{}, single...)
	for _, in := range inner {
		for _, out := range outer {
			if strings.HasPrefix(out, "base64") && (strings.HasPrefix(in, "base64") || in == "hexadecimal") {
				continue
			}
			a, b := named(t, in), named(t, out)
			all = append(all, encoder{in + " in " + out, func(r *rand.Rand, s string) string {
				if s = a.encode(r, s); s == "" {
					return ""
				}
				return b.encode(r, s)
			}})
		}
	}
	x, j, u := named(t, "XML, an attribute"), named(t, "JSON"), named(t, "URL, a query")
	return append(all, encoder{"XML in JSON in a URL", func(r *rand.Rand, s string) string {
		return u.encode(r, j.encode(r, x.encode(r, s)))
	}}, encoder{"JSON in XML in JSON", func(r *rand.Rand, s string) string {
		return j.encode(r, x.encode(r, j.encode(r, s)))
	}})
}

const punctuation = `&<>"'/\+%=:;@#?!$*()[]{}|~^,._- `

// randomSecret returns a password of 4 to 24 characters, like one that a person or a
// program chooses.
func randomSecret(r *rand.Rand) string {
	sets := []string{
		"abcdefghijklmnopqrstuvwxyz", "ABCxyz0123456789", punctuation, "äöüß€日本🌍",
		"\n\r\t\x00\x1b\x7f", `%41&amp;\n\u0041=3D+`,
	}
	var b strings.Builder
	for range 4 + r.IntN(21) {
		set := []rune(sets[min(r.IntN(12), 11)%len(sets)])
		if r.IntN(3) > 0 {
			set = []rune(sets[r.IntN(3)])
		}
		b.WriteRune(set[r.IntN(len(set))])
	}
	return b.String()
}

// around returns random texts to put before and after a secret.
func around(r *rand.Rand) (before, after string) {
	list := []string{
		"", "password=", "\\", "%", "%4", "&", "&#", "=", "a", "5", "+", "/", "\n", `{"a":"`, "https://u:", "Authorization: Basic ", "é",
		`<p>`, "]]>", `"`, "'", ";", "..", "@host/", "41", "...",
	}
	return list[r.IntN(len(list))], list[r.IntN(len(list))]
}

// TestSecretIsHiddenInEveryEncoding hides random secrets between random texts.
func TestSecretIsHiddenInEveryEncoding(t *testing.T) {
	rounds := 60
	if testing.Short() || race.Enabled {
		rounds = 15
	}
	for _, e := range combinations(t) {
		t.Run(e.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(len(e.name))))
			for range rounds {
				word := randomSecret(r)
				if len(word) < secret.MinLength || strings.Trim(word, "*") == "" {
					continue
				}
				var set secret.Set
				set.Add(word)
				set.Add("another secret")
				if encoded := e.encode(r, word); encoded != "" {
					checkHidden(t, &set, r, word, encoded)
				}
			}
		})
	}
}

// checkHidden checks that the text around an encoded secret stays and that the secret
// does not. In base64 the characters around the secret may be hidden too.
func checkHidden(t *testing.T, set *secret.Set, r *rand.Rand, word, encoded string) {
	t.Helper()
	before, after := around(r)
	text := before + encoded + after
	got := set.Hide(text)
	if !strings.Contains(got, secret.Mask) || set.Within(got) || strings.Contains(got, word) {
		t.Fatalf("%q in %q stays: %q", word, text, got)
	}
	if !set.Within(text) {
		t.Fatalf("%q is not found within %q", word, text)
	}
}

func TestHideReplacesOnlySecrets(t *testing.T) {
	cases := []struct{ name, word, text, want string }{
		{"nothing", "hunter2", "a text without it", "a text without it"},
		{"part of a word", "hunter2", "xhunter2x", "x***x"},
		{"twice", "hunter2", "hunter2 and hunter2", "*** and ***"},
		{"side by side", "hunter2", "hunter2hunter2", "***"},
		{"overlapping", "abab", "ababab", "***"},
		{"a secret that XML escapes", "Tom&Jerry1", "<b>Tom&amp;Jerry1</b>", "<b>***</b>"},
		{"SASL PLAIN", "hunter2", "AUTHENTICATE AGFsaWNlAGh1bnRlcjI=", "AUTHENTICATE AGFsaWNlA***="},
		{"too short", "abc", "abc", "abc"},
		{"stars are no secret", "****", "****", "****"},
		{"truncated", "hunter2000", "the password hunter2…(20 bytes more)", "the password ***…(20 bytes more)"},
		{"truncated by Lua", "hunter2000", `[string "local password = 'hunte..."]:1: no`, `[string "local password = '***..."]:1: no`},
		{"another letter", "hunter2", "hunter3", "hunter3"},
		{"another case is another secret", "hunter2", "Hunter2", "Hunter2"},
		{"a whole base64 character", "hunter2", "eGh1bnRlcjJ4", "e***4"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var set secret.Set
			set.Add(c.word)
			if got := set.Hide(c.text); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if strings.Contains(c.want, secret.Mask+secret.Mask) {
				return
			}
			set.Remove(c.word)
			if got := set.Hide(c.text); got != c.text {
				t.Errorf("a removed secret is still hidden: %q", got)
			}
		})
	}
}

// TestLongSecretsAreHiddenToTheEnd uses a secret of which only the beginning is
// compared.
func TestLongSecretsAreHiddenToTheEnd(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprint(&b, i, ".")
	}
	long := b.String()
	var set secret.Set
	set.Add(long)
	if got := set.Hide("a " + long + " b"); got != "a ***" {
		t.Errorf("%.60q", got)
	}
}

// TestTextThatExceedsTheBudgetIsHidden searches a text that nearly matches a secret at
// each position.
func TestTextThatExceedsTheBudgetIsHidden(t *testing.T) {
	var set secret.Set
	set.Add(strings.Repeat("a", 5000) + "b")
	n := race.Reduce(100_000, 20_000)
	if got := set.Hide(strings.Repeat("a", n)); got != secret.Mask {
		t.Errorf("%.60q", got)
	}
	for _, text := range []string{strings.Repeat("%25", n/2), strings.Repeat("&amp;", n/2), strings.Repeat(`\`, n), strings.Repeat("&", n)} {
		_ = set.Hide(text)
	}
}

// TestTextsFullOfEscapesStayUnchanged hides nothing in texts that ordinary users send.
func TestTextsFullOfEscapesStayUnchanged(t *testing.T) {
	var set secret.Set
	set.Add("hunter2")
	set.Add("100%&=")
	for _, unit := range []string{"=", "&", "%", "%C3%A4", "=C3=A4", "&amp;", "&#228;", `\u00e4`, "hello, world. ", "0123456789abcdef", "''", "\r\n"} {
		for _, size := range []int{1000, 15000, race.Reduce(200000, 30000)} {
			text := strings.Repeat(unit, size/len(unit))
			if len(unit) == 1 && size > 15000 {
				continue
			}
			if got := set.Hide(text); got != text {
				t.Errorf("%d bytes of %q become %.30q", size, unit, got)
			}
		}
	}
}

func TestSecretsAreForgottenLongAfterTheirOwnerIsReleased(t *testing.T) {
	var known secret.Known
	known.Learn("", "of the config")
	known.Learn("alice", "alice's secret", "shared by both")
	known.Learn("bob", "bob's secret", "shared by both")
	known.Release("alice")
	known.Release("alice")
	known.Release("nobody")
	want := func(text, want string) {
		t.Helper()
		if got := known.Hide(text); got != want {
			t.Errorf("Hide(%q) is %q", text, got)
		}
	}
	want("alice's secret", "***") // her last tasks may still log it
	for i := range 1000 {
		name := fmt.Sprint("user", i)
		known.Learn(name, "secret of "+name)
		known.Release(name)
	}
	want("alice's secret", "alice's secret")
	want("bob's secret, shared by both, of the config", "***, ***, ***")
	if got := known.HideOf("carol", "bob's secret, of the config"); got != "bob's secret, ***" {
		t.Errorf("HideOf: %q", got)
	}
	if !known.WithinOf("bob", "x bob's secret") || known.WithinOf("carol", "bob's secret") || !known.Within("bob's secret") {
		t.Error("Within")
	}
	for i := range 100 {
		known.Learn("bob", fmt.Sprint("changing ", i))
	}
	want("bob's secret", "bob's secret")
	if got := known.HideOf("bob", "bob's secret, changing 99"); got != "bob's secret, ***" {
		t.Errorf("HideOf after more secrets: %q", got)
	}
	var none *secret.Known
	none.Learn("a", "secret")
	none.Release("a")
	if none.Hide("secret") != "secret" || none.HideOf("a", "secret") != "secret" || none.Within("secret") {
		t.Error("a nil *Known hides")
	}
}

// TestSetHidesWordsUntilTheyAreRemoved compares a Set with a map after random calls.
func TestSetHidesWordsUntilTheyAreRemoved(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var set secret.Set
	counts := map[string]int{}
	for range 20000 {
		word := "abab"[:3+r.IntN(2)] + strings.Repeat("ab", r.IntN(3)) + string("abc"[r.IntN(3)])
		if r.IntN(2) == 0 {
			set.Add(word)
			counts[word]++
		} else if counts[word] > 0 {
			set.Remove(word)
			counts[word]--
		}
		want := false
		for other, n := range counts {
			want = want || n > 0 && strings.Contains(word, other)
		}
		if set.Within(word) != want {
			t.Fatalf("%q: %v, %v", word, set.Within(word), counts)
		}
	}
}

func FuzzHide(f *testing.F) {
	f.Add("hunter2", "a%2568unter2 &amp;", uint64(1))
	f.Add("Tom&Jerry1", `\\u0026`, uint64(7))
	f.Fuzz(func(t *testing.T, word, text string, seed uint64) {
		var set secret.Set
		set.Add(word)
		_ = set.Hide(text)
		if len(word) < secret.MinLength || len(word) > 100 || !utf8.ValidString(word) || strings.Trim(word, "*") == "" {
			return
		}
		r := rand.New(rand.NewPCG(seed, 0))
		e := single[r.IntN(len(single))]
		if e.name == "XML, as Go writes it" || strings.HasPrefix(e.name, "JSON") || e.name == "a word in a header" || strings.HasPrefix(e.name, "quoted") {
			if strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r == utf8.RuneError || r > 0xfff0 }) {
				return // is replaced there
			}
		}
		if got := set.Hide(e.encode(r, word)); !strings.Contains(got, secret.Mask) {
			t.Errorf("%s of %q stays: %q", e.name, word, got)
		}
	})
}

// BenchmarkLearn shows the memory of a user whose secrets are only hidden together with
// those of all users.
func BenchmarkLearn(b *testing.B) {
	var known secret.Known
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		known.Learn("user"+strconv.Itoa(i), "password"+strconv.Itoa(i))
	}
}

func BenchmarkHide(b *testing.B) {
	line := "error in conv_message: irc.lua:120: attempt to index field 'channel' (a nil value) in https://example.org/api?user=alice&x=%20 user=alice@example.org"
	for _, users := range []int{1, 100, 10000, 100000} {
		b.Run(fmt.Sprint(users, " users"), func(b *testing.B) {
			var set secret.Set
			r := rand.New(rand.NewPCG(1, 2))
			for range users {
				word := make([]byte, 10)
				for i := range word {
					word[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%&"[r.IntN(66)]
				}
				set.Add(string(word))
			}
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				set.Hide(line)
			}
		})
	}
}
