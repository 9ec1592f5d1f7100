package profile

import (
	"crypto/sha1" // #nosec G505 -- the hash that XEP-0084 requires
	"encoding/base64"
	"encoding/hex"
	"strconv"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/xmltree"
)

// nodes are the nodes of a contact that clients may request (XEP-0163), with what returns
// their item. It returns nil if there is no item.
var nodes = map[string]func(photo []byte, hash string) *xmltree.Node{
	stanza.AvatarMetadata: func(photo []byte, hash string) *xmltree.Node {
		return stanza.Element(stanza.AvatarMetadata, "metadata", nil,
			stanza.Element(stanza.AvatarMetadata, "info", stanza.Attrs{
				"id", hash, "bytes", strconv.Itoa(len(photo)), "type", mediaType(photo),
			}))
	},
	stanza.AvatarData: func(photo []byte, _ string) *xmltree.Node {
		return stanza.Text(stanza.AvatarData, "data", base64.StdEncoding.EncodeToString(photo))
	},
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
	if name == stanza.Nickname {
		nickname(u, s)
		return
	}
	item := nodes[name]
	if item == nil {
		s.Fail(stanza.ItemNotFound, "")
		return
	}
	ask(u, s, func(card *pb.VCard) {
		photo := card.GetPhoto()
		sum := sha1.Sum(photo) // #nosec G401
		hash := hex.EncodeToString(sum[:])
		if len(photo) == 0 || wanted != "" && wanted != hash {
			s.Fail(stanza.ItemNotFound, "")
			return
		}
		s.Result(published(name, hash, item(photo, hash)))
	})
}

// nickname answers with the alias of a contact.
func nickname(u *router.User, s *router.Stanza) {
	text := ""
	if s.Target == router.Contact && u.State != router.Offline {
		text = alias(u, s.Name)
	}
	if text == "" {
		s.Fail(stanza.ItemNotFound, "")
		return
	}
	s.Result(published(stanza.Nickname, "current", stanza.Text(stanza.Nickname, "nick", text)))
}

// published returns an item of a node.
func published(node, id string, payload *xmltree.Node) *xmltree.Node {
	return stanza.Element(stanza.PubSub, "pubsub", nil,
		stanza.Element(stanza.PubSub, "items", stanza.Attrs{"node", node},
			stanza.Element(stanza.PubSub, "item", stanza.Attrs{"id", id}, payload)))
}
