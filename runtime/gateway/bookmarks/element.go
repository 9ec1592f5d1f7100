package bookmarks

import (
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// bookmarkOf returns what a <conference/> says, without the user and the room.
func bookmarkOf(n *xmltree.Node) *pb.Bookmark {
	m := &pb.Bookmark{Autojoin: proto.Bool(false)}
	if name := stanza.Attr(n, "name"); name != "" {
		m.Name = &name
	}
	if nick := stanza.ChildText(n, stanza.Bookmarks, "nick"); nick != "" {
		m.Nickname = &nick
	}
	if password := stanza.ChildText(n, stanza.Bookmarks, "password"); password != "" {
		m.Password = &password
	}
	if autojoin := stanza.Attr(n, "autojoin"); autojoin == "true" || autojoin == "1" {
		m.Autojoin = proto.Bool(true)
	}
	return m
}

// conferenceOf returns the <conference/> for a bookmark. It keeps the other children of the
// old one, which may be nil: clients store their own data there.
func conferenceOf(old *xmltree.Node, m *pb.Bookmark) *xmltree.Node {
	autojoin := ""
	if m.GetAutojoin() {
		autojoin = "true"
	}
	n := stanza.Element(stanza.Bookmarks, "conference", stanza.Attrs{"name", m.GetName(), "autojoin", autojoin},
		stanza.Optional(stanza.Bookmarks, "nick", m.GetNickname()), stanza.Optional(stanza.Bookmarks, "password", m.GetPassword()))
	for _, child := range stanza.Children(old) {
		if child.Space != stanza.Bookmarks || child.Name != "nick" && child.Name != "password" {
			stanza.Add(n, child)
		}
	}
	return n
}

// publish returns the request to store a bookmark. With configure, the server makes a node that
// only the user can read, if the node does not exist yet.
func publish(id string, conference *xmltree.Node, configure bool) *xmltree.Node {
	n := stanza.Element(stanza.PubSub, "pubsub", nil,
		stanza.Element(stanza.PubSub, "publish", stanza.Attrs{"node", stanza.Bookmarks},
			stanza.Element(stanza.PubSub, "item", stanza.Attrs{"id", id}, conference)))
	if !configure {
		return n
	}
	options := form.Form{Type: "submit", Kind: "http://jabber.org/protocol/pubsub#publish-options", Fields: []form.Field{
		{Var: "pubsub#persist_items", Values: []string{"true"}},
		{Var: "pubsub#max_items", Values: []string{"max"}},
		{Var: "pubsub#send_last_published_item", Values: []string{"never"}},
		{Var: "pubsub#access_model", Values: []string{"whitelist"}},
	}}
	return stanza.Add(n, stanza.Element(stanza.PubSub, "publish-options", nil, options.Node()))
}

// retract returns the request to remove a bookmark. The user's clients learn of it.
func retract(id string) *xmltree.Node {
	return stanza.Element(stanza.PubSub, "pubsub", nil,
		stanza.Element(stanza.PubSub, "retract", stanza.Attrs{"node", stanza.Bookmarks, "notify", "true"},
			stanza.Element(stanza.PubSub, "item", stanza.Attrs{"id", id})))
}
