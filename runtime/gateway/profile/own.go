package profile

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// photoHash is the setting with the hash of the picture that the script has. Spectrum has
// it, too, so that the script does not get the picture at each login.
const photoHash = "photohash"

// connected looks at the pictures of the clients that were available before.
func connected(u *router.User) {
	for _, c := range u.Clients {
		ownPicture(u, c)
	}
}

// ownPicture handles the hash of the user's own picture in a presence (XEP-0153). If it is
// a new one, it requests the vCard from the user's server.
func ownPicture(u *router.User, c *router.Client) {
	if c.Avatar == nil || *c.Avatar == u.Settings[photoHash] {
		return
	}
	st, hash := states.Of(u), *c.Avatar
	if st.picture != nil && *st.picture == hash {
		return // once in a session is enough if it fails
	}
	st.picture = &hash
	u.Query("get", u.JID, stanza.Element(stanza.VCard, "vCard", nil), func(u *router.User, answer *xmltree.Node) {
		if u.State != router.Online {
			return
		}
		card := stanza.Child(answer, stanza.VCard, "vCard")
		if stanza.Attr(answer, "type") != "result" || card == nil {
			u.Log().Debug("the user's server does not return the vCard of the user")
			return
		}
		own, err := read(u, card)
		if err == nil && hash != "" && len(own.Photo) == 0 {
			err = errMissing
		}
		if err != nil {
			u.Log().WithField("error", err.Error()).Debug("the script does not get the picture of the user")
			return
		}
		u.Deliver(pb.WrapperMessage_TYPE_VCARD, own)
		keep(u, hash)
	})
}

// keep stores which picture the script has.
func keep(u *router.User, hash string) {
	ctx, cancel := u.Context()
	defer cancel()
	u.Settings[photoHash] = hash
	if err := u.Store().Set(ctx, u.Account.ID, photoHash, hash); err != nil {
		u.Failed("the hash of the user's picture is not stored", err)
	}
}

// ownCardSet handles a vCard that the user sends to the transport itself.
func ownCardSet(u *router.User, s *router.Stanza) {
	if u.State != router.Online {
		s.Fail(stanza.RecipientUnavailable, "You are not connected to the network.")
		return
	}
	own, err := read(u, s.Payload)
	if err != nil {
		s.Fail(stanza.BadRequest, "The picture cannot be read: "+err.Error()+".")
		return
	}
	u.Deliver(pb.WrapperMessage_TYPE_VCARD, own)
	s.Result(nil)
}

// otherCardSet refuses a change of somebody else's vCard (XEP-0054, section 3.2).
func otherCardSet(_ *router.User, s *router.Stanza) {
	s.Fail(stanza.Forbidden, "You can change only your own vCard.")
}
