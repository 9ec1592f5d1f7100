package encoding

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCharset converts to a charset and back: what a charset of single bytes
// takes comes back as it was, and whatever the charset, the way back is UTF-8.
func FuzzCharset(f *testing.F) {
	names := []string{
		"latin1", "windows-1251", "koi8-r", "ibm437", "macintosh", "us-ascii", // of single bytes
		"shift_jis", "euc-jp", "iso-2022-jp", "gb18030", "gbk", "hz-gb-2312", "big5", "euc-kr", "utf-16", "utf-16le", "utf-8",
	}
	const single = 6
	for i := range names {
		f.Add("Привет, café 日本 😀 \x1b(B~{ \xff", i)
		f.Add("", i)
	}
	f.Fuzz(func(t *testing.T, text string, choice int) {
		choice = int(uint(choice) % uint(len(names)))
		name := names[choice]
		charset, err := findCharset(name)
		if err != nil {
			t.Fatal(err)
		}
		const max = 1 << 20
		decoded, err := transcode(charset.NewDecoder(), []byte(text), max, nil)
		if err != nil || !utf8.ValidString(decoded) {
			t.Fatalf("%q in %s is %q, %v", text, name, decoded, err)
		}
		text = strings.ToValidUTF8(text, "\ufffd")
		if _, err := transcode(charset.NewEncoder(), []byte(text), max, missingIs("?")); err != nil {
			t.Fatalf("%q to %s with a replacement: %v", text, name, err)
		}
		encoded, err := transcode(charset.NewEncoder(), []byte(text), max, missingFails(name))
		if err != nil || choice >= single {
			return
		}
		if back, err := transcode(charset.NewDecoder(), []byte(encoded), max, nil); err != nil || back != text {
			t.Fatalf("%q in %s is %q, which is %q, %v", text, name, encoded, back, err)
		}
	})
}
