package profile

import (
	"crypto/sha1" // #nosec G505 -- the hash that XEP-0084 requires
	"encoding/hex"
	"sync"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/clients"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// maxPictures is the number of pictures whose metadata a transport keeps.
const maxPictures = 10_000

// metadata describes a picture (XEP-0084). The protocol has only a hash, so it is known
// when the script has answered a request for a vCard.
type metadata struct {
	id, mediaType string
	bytes         int
}

// pictures has the metadata of pictures by the hashes of BUDDY_CHANGED. It is safe for
// concurrent use.
type pictures struct {
	mu    sync.Mutex
	known map[string]metadata
}

var learned router.Common[pictures]

func (p *pictures) get(hash string) (metadata, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.known[hash]
	return m, ok
}

func (p *pictures) put(hash string, m metadata) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[string]metadata{}
	}
	for old := range p.known {
		if len(p.known) < maxPictures {
			break
		}
		delete(p.known, old)
	}
	p.known[hash] = m
}

// describe returns the metadata of a picture that is not empty.
func describe(photo []byte) metadata {
	sum := sha1.Sum(photo) // #nosec G401
	return metadata{hex.EncodeToString(sum[:]), mediaType(photo), len(photo)}
}

// learn keeps the metadata of the picture in an answer of the script.
func learn(u *router.User, name string, card *pb.VCard) {
	if c := roster.Find(u, name); c != nil && c.IconHash != "" && len(card.GetPhoto()) > 0 {
		learned.Of(u.Router()).put(c.IconHash, describe(card.GetPhoto()))
	}
}

// pictureChanged tells the clients that want it that a contact has another picture, or none.
func pictureChanged(u *router.User, name string) {
	notifyAll(u, stanza.AvatarMetadata, func(u *router.User, client *router.Client) { picture(u, client, name, true) })
}

// nicknameChanged tells the clients that want it that a contact has another alias.
func nicknameChanged(u *router.User, name string) {
	notifyAll(u, stanza.Nickname, func(u *router.User, client *router.Client) { nick(u, client, name) })
}

// available tells a new client of the pictures whose metadata are known. The others follow
// when somebody asks for them: the hash is in the presence of contacts (XEP-0153).
func available(u *router.User, client *router.Client) {
	for name, c := range roster.Of(u) {
		if _, known := learned.Of(u.Router()).get(c.IconHash); known {
			notify(u, client, stanza.AvatarMetadata, func(u *router.User, client *router.Client) { picture(u, client, name, false) })
		}
	}
}

func notifyAll(u *router.User, node string, send func(u *router.User, client *router.Client)) {
	for _, client := range u.Clients {
		notify(u, client, node, send)
	}
}

// notify calls send if a client wants the events of a node, now or when the client has said
// so.
func notify(u *router.User, client *router.Client, node string, send func(u *router.User, client *router.Client)) {
	jid := client.JID
	wants, _ := clients.Has(u, client, clients.Notify(node), func(u *router.User) {
		if now := u.Clients.Find(jid); now != nil {
			notify(u, now, node, send)
		}
	})
	if wants {
		send(u, client)
	}
}

// picture sends the event with the picture of a contact. It asks the script for the
// metadata if they are not known and asks is set.
func picture(u *router.User, client *router.Client, name string, asks bool) {
	c := roster.Find(u, name)
	if c == nil || roster.Ignored(u, name) {
		return
	}
	if c.IconHash == "" {
		send(u, client, name, stanza.AvatarMetadata, "", stanza.Element(stanza.AvatarMetadata, "metadata", nil))
		return
	}
	m, known := learned.Of(u.Router()).get(c.IconHash)
	switch {
	case known:
		send(u, client, name, stanza.AvatarMetadata, m.id, m.node())
	case asks:
		jid := client.JID
		request(u, name, func(*pb.VCard) {
			if now := u.Clients.Find(jid); now != nil {
				picture(u, now, name, false)
			}
		})
	}
}

func nick(u *router.User, client *router.Client, name string) {
	if text := alias(u, name); text != "" && !roster.Ignored(u, name) {
		send(u, client, name, stanza.Nickname, currentItem, stanza.Text(stanza.Nickname, "nick", text))
	}
}

// send sends the event with an item of a contact.
func send(u *router.User, client *router.Client, name, node, id string, payload *xmltree.Node) {
	u.Send(stanza.Message(u.ContactJID(name), client.JID, "headline",
		stanza.Element(stanza.PubSubEvent, "event", nil,
			stanza.Element(stanza.PubSubEvent, "items", stanza.Attrs{"node", node},
				stanza.Element(stanza.PubSubEvent, "item", stanza.Attrs{"id", id}, payload)))))
}
