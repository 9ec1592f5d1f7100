package files

import (
	"crypto/rand"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"

	"spectrumlua/runtime/lazy"
	"spectrumlua/runtime/shorten"
)

// newToken returns the part of an address that nobody can guess: 192 random bits.
func newToken() string {
	var random [24]byte
	_, _ = rand.Read(random[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(random[:])
}

var tokens = lazy.Regexp(`^[A-Za-z0-9_-]{32}$`)

// maxName is the maximum length of a name, in bytes.
const maxName = 200

// CleanName returns a name that can be shown and saved: without folders, control
// characters and characters that change the direction of text, and of at most 200 bytes.
// The result is "file" if nothing is left.
func CleanName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
			return -1
		case strings.ContainsRune(`:*?"<>|`, r): // Windows cannot save them
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". \t")
	if len(name) > maxName {
		end := filepath.Ext(name)
		if len(end) > maxName/4 {
			end = ""
		}
		name = shorten.Cut(strings.TrimSuffix(name, end), maxName-len(end)) + end
	}
	if name == "" {
		return "file"
	}
	return name
}

// CleanType returns a media type without anything unusual, or "" if it is not one.
func CleanType(text string) string {
	t, params, err := mime.ParseMediaType(text)
	if err != nil || !strings.Contains(t, "/") || len(t) > 100 {
		return ""
	}
	if charset := params["charset"]; charset != "" && len(charset) < 40 {
		return mime.FormatMediaType(t, map[string]string{"charset": charset})
	}
	return t
}

// DetectType returns the media type of a file by its name, or by the beginning of its
// content if the name says nothing.
func DetectType(name string, start []byte) string {
	if t := CleanType(mime.TypeByExtension(strings.ToLower(filepath.Ext(name)))); t != "" {
		return t
	}
	return CleanType(http.DetectContentType(start))
}

// binary is the type of files that browsers must not show.
const binary = "application/octet-stream"

// shown are the types that browsers show and that cannot contain programs. Audio and video
// are such types, too.
var shown = map[string]bool{
	"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "image/avif": true, "image/apng": true,
	"image/bmp": true, "image/heic": true, "image/heif": true, "image/jxl": true, "text/plain": true,
}

// saved are the types that browsers save under their own type.
var saved = map[string]bool{
	"application/pdf": true, "application/zip": true, "application/gzip": true, "application/x-7z-compressed": true,
	"application/x-tar": true, "application/msword": true, "application/rtf": true, "application/epub+zip": true,
	"application/vnd.ms-excel": true, "application/vnd.ms-powerpoint": true, "application/vnd.android.package-archive": true,
	"text/csv": true, "text/calendar": true, "text/vcard": true, "text/markdown": true,
}

// safeType returns the type under which a file is served, and reports whether a browser may
// show it. HTML, SVG, XML and programs could act in the name of the server.
func safeType(t string) (served string, inline bool) {
	base, _, _ := strings.Cut(t, ";")
	base = strings.TrimSpace(base)
	switch {
	case base == "text/plain":
		if !strings.Contains(t, "charset=") {
			t = "text/plain; charset=utf-8"
		}
		return t, true
	case shown[base], strings.HasPrefix(base, "audio/") && plainSubtype(base), strings.HasPrefix(base, "video/") && plainSubtype(base):
		return base, true
	case saved[base], strings.HasPrefix(base, "application/vnd.oasis.opendocument."), strings.HasPrefix(base, "application/vnd.openxmlformats-officedocument."):
		return base, false
	}
	return binary, false
}

// plainSubtype reports whether a type is not a kind of XML.
func plainSubtype(t string) bool { return !strings.Contains(t, "xml") && !strings.Contains(t, "html") }

// disposition returns a Content-Disposition header (RFC 6266). Clients that do not know
// filename* (RFC 8187) get a name in ASCII.
func disposition(kind, name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%;`, r) {
			return '_'
		}
		return r
	}, name)
	text := kind + `; filename="` + ascii + `"`
	if ascii != name {
		text += "; filename*=UTF-8''" + encodeExtended(name)
	}
	return text
}

// encodeExtended encodes all but the attr-char of RFC 8187.
func encodeExtended(s string) string {
	const safe = "!#$&+-.^_`|~"
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(safe, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// address returns the address of a file.
func address(base, token, name string) string { return base + "/" + token + "/" + url.PathEscape(name) }

// split returns the token in the path of an address, or "". The rest of the path is only
// for people.
func split(path string) (token string) {
	token, _, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !tokens().MatchString(token) {
		return ""
	}
	return token
}
