package chat

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

var contactCommands = []*command{
	{
		name: "buddy", usage: "/buddy VERB WHO [ALIAS [GROUP …]]", needs: online, run: (*Chat).buddy,
		about: "changes a contact: add, update, remove, block or unblock", words: []candidates{buddyVerbs, contacts},
	},
	{name: "contacts", usage: "/contacts", about: "lists your contacts", run: (*Chat).listContacts},
	{
		name: "vcard", usage: "/vcard [WHO]", about: "requests a contact's vCard", needs: online,
		run: (*Chat).vcard, words: []candidates{contacts},
	},
	{
		name: "mycard", usage: "/mycard FULLNAME [NICKNAME [PHOTO-FILE]]", needs: online, run: (*Chat).myCard,
		about: "publishes your vCard; scripts receive it if it has a photo",
	},
}

var verbs = []string{"add", "update", "remove", "block", "unblock"}

func (c *Chat) buddy(l *call) error {
	verb, err := l.choice("verb", "", verbs)
	if err != nil {
		return err
	}
	who, err := l.word()
	if err != nil {
		return err
	}
	more, err := l.All()
	if err != nil {
		return err
	}
	b := &pb.Buddy{BuddyName: proto.String(who)}
	if len(more) > 0 {
		b.Alias, b.Group = proto.String(more[0]), more[1:]
	}
	if verb == "remove" {
		return c.send(pb.WrapperMessage_TYPE_BUDDY_REMOVED, b)
	}
	if len(more) == 0 { // Spectrum repeats the alias
		b.Alias = proto.String(c.people.me().contacts[who])
	}
	b.Status = pb.StatusType_STATUS_TYPE_NONE.Enum()
	if verb == "block" || verb == "unblock" {
		b.Blocked = proto.Bool(verb == "block")
	}
	return c.send(pb.WrapperMessage_TYPE_BUDDY_CHANGED, b)
}

func (c *Chat) listContacts(l *call) error {
	known := c.people.me().contacts
	for _, name := range slices.Sorted(maps.Keys(known)) {
		text := printable(name)
		if alias := known[name]; alias != "" && alias != name {
			text = printable(alias) + " (" + text + ")"
		}
		c.show.line(plainLine, text)
	}
	if len(known) == 0 {
		c.show.line(plainLine, "You have no contacts.")
	}
	return l.end()
}

func (c *Chat) vcard(l *call) error {
	who, err := l.or(c.people.me().partner)
	if err != nil {
		return err
	}
	if who == "" {
		return errUsage
	}
	c.vcards++
	if err := l.end(); err != nil {
		return err
	}
	return c.send(pb.WrapperMessage_TYPE_VCARD, &pb.VCard{BuddyName: proto.String(who), Id: proto.Int32(c.vcards)})
}

// maxPhoto is the largest photo of a vCard, in bytes. A larger one does not fit into a
// stanza.
const maxPhoto = 256 << 10

func (c *Chat) myCard(l *call) error {
	name, err := l.word()
	if err != nil {
		return err
	}
	c.vcards++
	m := &pb.VCard{BuddyName: proto.String(""), Id: proto.Int32(c.vcards), Fullname: proto.String(name), Photo: []byte{}}
	nickname, ok, err := l.Next()
	if err != nil {
		return err
	}
	if ok {
		m.Nickname = proto.String(nickname)
	}
	path, ok, err := l.Next()
	if err != nil {
		return err
	}
	if ok {
		if m.Photo, err = readPhoto(path); err != nil {
			return err
		}
	}
	if err := l.end(); err != nil {
		return err
	}
	return c.send(pb.WrapperMessage_TYPE_VCARD, m)
}

func readPhoto(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the photo: %w", err)
	}
	defer file.Close()
	photo, err := io.ReadAll(io.LimitReader(file, maxPhoto+1))
	if err != nil {
		return nil, fmt.Errorf("reading the photo: %w", err)
	}
	if len(photo) > maxPhoto {
		return nil, fmt.Errorf("the photo is larger than %d KiB", maxPhoto>>10)
	}
	return photo, nil
}
