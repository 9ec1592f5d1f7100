package profile

import (
	"encoding/base64"
	"strconv"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// currentItem is the id of an item of which there is only one.
const currentItem = "current"

// nodes are the nodes of a contact that clients may request (XEP-0163), with what returns
// their item.
var nodes = map[string]func(photo []byte) *xmltree.Node{
	stanza.AvatarMetadata: func(photo []byte) *xmltree.Node { return describe(photo).node() },
	stanza.AvatarData: func(photo []byte) *xmltree.Node {
		return stanza.Text(stanza.AvatarData, "data", base64.StdEncoding.EncodeToString(photo))
	},
}

// node returns the element with the metadata.
func (m metadata) node() *xmltree.Node {
	return stanza.Element(stanza.AvatarMetadata, "metadata", nil,
		stanza.Element(stanza.AvatarMetadata, "info", stanza.Attrs{"id", m.id, "bytes", strconv.Itoa(m.bytes), "type", m.mediaType}))
}

// node answers a request for the items of a node: the picture of a contact (XEP-0084), or
// the nickname (XEP-0172).
func node(u *router.User, s *router.Stanza) {
	items := stanza.Child(s.Payload, stanza.PubSub, "items")
	if items == nil {
		s.Fail(stanza.FeatureNotImplemented, "")
		return
	}
	name := stanza.Attr(items, "node")
	wanted := stanza.Attr(stanza.Child(items, stanza.PubSub, "item"), "id")
	switch name {
	case "":
		e := &stanza.Error{Condition: stanza.BadRequest}
		e.App = stanza.App{Space: stanza.PubSub + "#errors", Name: "nodeid-required"}
		s.Refuse(e)
		return
	case stanza.Nickname:
		nickname(u, s, wanted)
		return
	}
	item := nodes[name]
	if item == nil {
		s.Fail(stanza.ItemNotFound, "")
		return
	}
	ask(u, s, func(card *pb.VCard) {
		photo := card.GetPhoto()
		id := describe(photo).id
		if len(photo) == 0 || wanted != "" && wanted != id {
			s.Fail(stanza.ItemNotFound, "")
			return
		}
		s.Result(published(name, id, item(photo)))
	})
}

// nickname answers with the alias of a contact. wanted is the id of an item, or "".
func nickname(u *router.User, s *router.Stanza, wanted string) {
	text := ""
	if s.Target == router.Contact && u.State != router.Offline {
		text = alias(u, s.Name)
	}
	if text == "" || wanted != "" && wanted != currentItem {
		s.Fail(stanza.ItemNotFound, "")
		return
	}
	s.Result(published(stanza.Nickname, currentItem, stanza.Text(stanza.Nickname, "nick", text)))
}

// published returns an item of a node.
func published(node, id string, payload *xmltree.Node) *xmltree.Node {
	return stanza.Element(stanza.PubSub, "pubsub", nil,
		stanza.Element(stanza.PubSub, "items", stanza.Attrs{"node", node},
			stanza.Element(stanza.PubSub, "item", stanza.Attrs{"id", id}, payload)))
}
