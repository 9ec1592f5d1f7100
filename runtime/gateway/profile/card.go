package profile

import (
	"encoding/base64"
	"strings"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// card answers a request for the vCard of a contact or an occupant (XEP-0054).
func card(u *router.User, s *router.Stanza) {
	ask(u, s, func(card *pb.VCard) { s.Result(element(card)) })
}

// transportCard answers a request for the vCard of the transport.
func transportCard(u *router.User, s *router.Stanza) {
	s.Result(stanza.Element(stanza.VCard, "vCard", nil,
		stanza.Optional(stanza.VCard, "FN", u.Router().Settings().Identity.Name)))
}

// element returns a vCard as a client gets it.
func element(card *pb.VCard) *xmltree.Node {
	n := stanza.Element(stanza.VCard, "vCard", nil,
		stanza.Optional(stanza.VCard, "FN", card.GetFullname()),
		stanza.Optional(stanza.VCard, "NICKNAME", card.GetNickname()))
	if photo := card.GetPhoto(); len(photo) > 0 {
		stanza.Add(n, stanza.Element(stanza.VCard, "PHOTO", nil,
			stanza.Optional(stanza.VCard, "TYPE", mediaType(photo)),
			stanza.Text(stanza.VCard, "BINVAL", base64.StdEncoding.EncodeToString(photo))))
	}
	return n
}

// mediaTypes are the media types of pictures, by their first bytes.
var mediaTypes = []struct{ begin, typ string }{
	{"\x89PNG\r\n\x1a\n", "image/png"},
	{"\xff\xd8\xff", "image/jpeg"},
	{"GIF8", "image/gif"},
	{"RIFF", "image/webp"},
	{"BM", "image/bmp"},
}

// mediaType returns the media type of a picture, or "".
func mediaType(photo []byte) string {
	for _, t := range mediaTypes {
		if len(photo) >= len(t.begin) && string(photo[:len(t.begin)]) == t.begin {
			return t.typ
		}
	}
	return ""
}

// read returns the user's own vCard as the script gets it.
func read(u *router.User, card *xmltree.Node) *pb.VCard {
	none, id := "", int32(0)
	own := &pb.VCard{UserName: &u.JID, BuddyName: &none, Id: &id, Photo: []byte{}}
	if nickname := stanza.ChildText(card, stanza.VCard, "NICKNAME"); nickname != "" {
		own.Nickname = &nickname
	}
	if fullname := stanza.ChildText(card, stanza.VCard, "FN"); fullname != "" {
		own.Fullname = &fullname
	}
	encoded := stanza.ChildText(stanza.Child(card, stanza.VCard, "PHOTO"), stanza.VCard, "BINVAL")
	photo, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		u.Log().WithField("error", err.Error()).Debug("the picture of the user is not valid base64")
		return own
	}
	own.Photo = photo
	return own
}
