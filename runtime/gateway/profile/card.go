package profile

import (
	"encoding/base64"
	"errors"

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

// Reasons why a vCard of the user has a picture that the script cannot get.
var (
	errNotBase64 = errors.New("the picture in BINVAL is not base64")
	errElsewhere = errors.New("the vCard has only the address of the picture")
	errMissing   = errors.New("the vCard does not have the picture that the presence announces")
)

// read returns the user's own vCard as the script gets it. It returns an error if the picture
// cannot be read, because an empty picture tells the script that the user has removed it.
func read(u *router.User, card *xmltree.Node) (*pb.VCard, error) {
	photo, err := readPhoto(stanza.Child(card, stanza.VCard, "PHOTO"))
	if err != nil {
		return nil, err
	}
	none, id := "", int32(0)
	own := &pb.VCard{UserName: &u.JID, BuddyName: &none, Id: &id, Photo: photo}
	if nickname := stanza.ChildText(card, stanza.VCard, "NICKNAME"); nickname != "" {
		own.Nickname = &nickname
	}
	if fullname := stanza.ChildText(card, stanza.VCard, "FN"); fullname != "" {
		own.Fullname = &fullname
	}
	return own, nil
}

// readPhoto returns the bytes of a picture. They are empty, but not nil, without a picture.
func readPhoto(photo *xmltree.Node) ([]byte, error) {
	data, err := stanza.Base64(stanza.ChildText(photo, stanza.VCard, "BINVAL"))
	switch {
	case err != nil:
		return nil, errNotBase64
	case len(data) == 0 && stanza.Child(photo, stanza.VCard, "EXTVAL") != nil:
		return nil, errElsewhere
	}
	return data, nil
}
