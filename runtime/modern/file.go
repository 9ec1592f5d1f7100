package modern

import (
	"bytes"
	"encoding/base64"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"spectrumlua/pb"
	"spectrumlua/runtime/shorten"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// maxSize is the largest size of a file that a script's number can hold exactly.
const maxSize = 1 << 53

// OutOfBand returns the element that all clients know for a file (XEP-0066). It ends each
// message with files.
func OutOfBand(url, description string) *xmltree.Node {
	return stanza.Element(stanza.OutOfBand, "x", nil,
		stanza.Text(stanza.OutOfBand, "url", url), stanza.Optional(stanza.OutOfBand, "desc", description))
}

// isDescribed reports whether more is known about a file than what OutOfBand says.
func isDescribed(a *pb.Attachment) bool {
	return a.MimeType != nil || a.Name != nil || a.Size != nil || a.Width != nil || a.Height != nil ||
		a.Duration != nil || a.Preview != nil || a.Voice != nil || a.Sticker != nil
}

// files returns the elements for attachments: for each a <file-sharing/> (XEP-0447) if more
// than its address is known, and one for older clients (XEP-0066).
func files(all []*pb.Attachment) (parts []*xmltree.Node, shared bool) {
	var old []*xmltree.Node
	previews, sticker := 0, false
	for _, a := range all {
		if a.GetUrl() == "" || len(old) == MaxFiles {
			continue
		}
		old = append(old, OutOfBand(a.GetUrl(), a.GetDescription()))
		if !isDescribed(a) {
			continue
		}
		preview := a.GetPreview()
		if previews += len(preview); previews > maxPreviews {
			preview = nil
		}
		parts = append(parts, fileSharing(a, preview))
		sticker = sticker || a.GetSticker()
	}
	if shared = len(parts) > 0; sticker {
		parts = append(parts, stanza.Element(stanza.Stickers, "sticker", nil))
	}
	return append(parts, old...), shared
}

func fileSharing(a *pb.Attachment, preview []byte) *xmltree.Node {
	text := func(name, value string) *xmltree.Node { return stanza.Optional(stanza.FileMetadata, name, value) }
	file := stanza.Element(stanza.FileMetadata, "file", nil,
		text("media-type", mimeType(a.GetMimeType())), text("name", fileName(a.GetName())),
		text("size", number(a.Size != nil, a.GetSize())), text("width", number(a.GetWidth() > 0, int64(a.GetWidth()))),
		text("height", number(a.GetHeight() > 0, int64(a.GetHeight()))), text("length", milliseconds(a.GetDuration())),
		text("desc", a.GetDescription()), thumbnail(preview))
	return stanza.Element(stanza.FileSharing, "file-sharing", stanza.Attrs{"disposition", disposition(a)}, file,
		stanza.Element(stanza.FileSharing, "sources", nil,
			stanza.Element(stanza.URLData, "url-data", stanza.Attrs{"target", a.GetUrl()})))
}

// disposition returns how clients show a file. No XEP marks voice messages, so a sound is
// one if it is shown inline.
func disposition(a *pb.Attachment) string {
	kind, _, _ := strings.Cut(a.GetMimeType(), "/")
	if a.GetVoice() || a.GetSticker() || kind == "image" || kind == "video" {
		return "inline"
	}
	return "attachment"
}

// number returns a number of a file, or "" if it is false: absent, negative or too large.
func number(known bool, n int64) string {
	if !known || n < 0 || n > maxSize {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func milliseconds(seconds float64) string {
	if ms := math.Round(seconds * 1000); ms > 0 && ms <= math.MaxInt32 { // false for NaN
		return strconv.FormatInt(int64(ms), 10)
	}
	return ""
}

// mimeType returns a MIME type without parameters, or "" if it is not valid.
func mimeType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	s = strings.ToLower(strings.TrimSpace(s))
	kind, sub, ok := strings.Cut(s, "/")
	if !ok || len(s) > 100 || !isToken(kind) || !isToken(sub) {
		return ""
	}
	return s
}

func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return notAlphanumeric(r) && !strings.ContainsRune("!#$&^_.+-", r) }) < 0
}

// fileName returns the name of a file without folders and control characters, or "" if
// nothing is left.
func fileName(s string) string {
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
	s = shorten.Cut(strings.TrimSpace(s), maxName)
	if s == "." || s == ".." {
		return ""
	}
	return s
}

// pictures has the types of previews with the bytes that they begin with.
var pictures = []struct{ typ, begin, at8 string }{
	{"image/jpeg", "\xff\xd8\xff", ""}, {"image/png", "\x89PNG\r\n\x1a\n", ""}, {"image/webp", "RIFF", "WEBP"},
}

// pictureType returns the MIME type of a preview, or "" if it is not a picture or too long.
func pictureType(data []byte) string {
	if len(data) > maxPreview {
		return ""
	}
	for _, p := range pictures {
		if bytes.HasPrefix(data, []byte(p.begin)) && (p.at8 == "" || len(data) > 12 && string(data[8:12]) == p.at8) {
			return p.typ
		}
	}
	return ""
}

// thumbnail returns the preview of a file (XEP-0264), or nil if there is no preview.
func thumbnail(data []byte) *xmltree.Node {
	typ := pictureType(data)
	if typ == "" {
		return nil
	}
	return stanza.Element(stanza.Thumbnails, "thumbnail", stanza.Attrs{
		"media-type", typ, "uri", "data:" + typ + ";base64," + base64.StdEncoding.EncodeToString(data),
	})
}

// readFile adds a <file-sharing/>. A file without an address on the web does not count.
func readFile(c *Content, e *xmltree.Node) {
	if e.Name != "file-sharing" || len(c.Files) == MaxFiles {
		return
	}
	address := ""
	for _, source := range stanza.Children(stanza.Child(e, stanza.FileSharing, "sources")) {
		if source.Space == stanza.URLData && source.Name == "url-data" && address == "" {
			address = webAddress(stanza.Attr(source, "target"))
		}
	}
	if address == "" {
		return
	}
	file := stanza.Child(e, stanza.FileMetadata, "file")
	text := func(name string) string { return stanza.ChildText(file, stanza.FileMetadata, name) }
	a := &pb.Attachment{
		Url: &address, MimeType: optional(mimeType(text("media-type"))), Name: optional(fileName(text("name"))),
		Description: optional(text("desc")),
	}
	if n, ok := count(text("size"), maxSize); ok {
		a.Size = &n
	}
	a.Width, a.Height = pixels(text("width")), pixels(text("height"))
	if ms, ok := count(text("length"), math.MaxInt32); ok && ms > 0 {
		seconds := float64(ms) / 1000
		a.Duration = &seconds
	}
	if strings.HasPrefix(a.GetMimeType(), "audio/") && stanza.Attr(e, "disposition") == "inline" {
		a.Voice = ptr(true)
	}
	c.Files = append(c.Files, a)
	c.thumbnails = append(c.thumbnails, stanza.Attr(stanza.Child(file, stanza.Thumbnails, "thumbnail"), "uri"))
}

// webAddress returns an address if it is one on the web, or "".
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return ""
	}
	return s
}

func count(s string, most int64) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n <= most
}

func pixels(s string) *int32 {
	n, ok := count(s, math.MaxInt32)
	if !ok || n == 0 {
		return nil
	}
	return ptr(int32(n))
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func ptr[T any](v T) *T { return &v }

// readBits keeps data that a preview may refer to (XEP-0231).
func readBits(c *Content, e *xmltree.Node) {
	if cid := stanza.Attr(e, "cid"); e.Name == "data" && cid != "" && len(c.bits) < MaxFiles {
		if c.bits == nil {
			c.bits = map[string]*xmltree.Node{}
		}
		c.bits[cid] = e
	}
}

// preview returns the picture at the address of a thumbnail: a data URI, or a cid that is
// in the stanza. It returns nil if the picture is missing.
func (c *Content) preview(uri string) []byte {
	var encoded string
	switch scheme, rest, _ := strings.Cut(uri, ":"); scheme {
	case "data":
		if kind, data, ok := strings.Cut(rest, ","); ok && strings.HasSuffix(kind, ";base64") {
			encoded, _ = url.PathUnescape(data) // "" is no picture
		}
	case "cid":
		encoded = stanza.Body(c.bits[rest])
	}
	if len(encoded) > 2*maxPreview {
		return nil
	}
	data, err := stanza.Base64(encoded)
	if err != nil || pictureType(data) == "" {
		return nil
	}
	return data
}
