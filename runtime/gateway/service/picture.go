package service

import (
	"crypto/sha1" //nolint:gosec // XEP-0231 requires it of everyone
	"encoding/base64"
	"encoding/hex"
	"net/http"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// maxInline is the size of the pictures that are in the message itself, in bytes (XEP-0231,
// section 2.1). Clients fetch larger ones.
const maxInline = 8 << 10

// picture is a picture in a message (XEP-0231).
type picture struct {
	id, mime string
	data     []byte
}

func newPicture(data []byte) *picture {
	sum := sha1.Sum(data) //nolint:gosec // see the import
	return &picture{id: "sha1+" + hex.EncodeToString(sum[:]) + "@bob.xmpp.org", mime: http.DetectContentType(data), data: data}
}

// node returns the content of the picture.
func (p *picture) node() *xmltree.Node {
	n := stanza.Text(stanza.Bits, "data", base64.StdEncoding.EncodeToString(p.data))
	stanza.SetAttr(n, "cid", p.id)
	stanza.SetAttr(n, "type", p.mime)
	stanza.SetAttr(n, "max-age", "0") // it may show a secret
	return n
}

// small returns the content for the message, or nil if it is too large.
func (p *picture) small() *xmltree.Node {
	if len(p.data) > maxInline {
		return nil
	}
	return p.node()
}

// markup returns the text with the picture (XEP-0071).
func (p *picture) markup(text string) *xmltree.Node {
	return stanza.Element(stanza.XHTML, "html", nil, stanza.Element(stanza.XHTMLBody, "body", nil,
		stanza.Text(stanza.XHTMLBody, "p", text),
		stanza.Element(stanza.XHTMLBody, "p", nil,
			stanza.Element(stanza.XHTMLBody, "img", stanza.Attrs{"alt", "picture", "src", "cid:" + p.id}))))
}

// Media returns the picture of the open question for a field of a form (XEP-0221), or nil.
func Media(u *router.User) *xmltree.Node {
	s := states.Peek(u)
	if s == nil || s.question == nil || len(s.question.GetPicture()) == 0 || s.picture == nil {
		return nil
	}
	m := stanza.Element(media, "media", nil)
	addURI := func(address string) {
		uri := stanza.Text(media, "uri", address)
		stanza.SetAttr(uri, "type", s.picture.mime)
		stanza.Add(m, uri)
	}
	for _, a := range s.question.GetAttachment() {
		addURI(a.GetUrl())
	}
	addURI("cid:" + s.picture.id)
	return m
}

const media = "urn:xmpp:media-element" // XEP-0221

// bits answers with the picture that a client asks for.
func bits(u *router.User, s *router.Stanza) {
	if st := states.Peek(u); st != nil && st.picture != nil && stanza.Attr(s.Payload, "cid") == st.picture.id {
		s.Result(st.picture.node())
		return
	}
	s.Fail(stanza.ItemNotFound, "")
}
