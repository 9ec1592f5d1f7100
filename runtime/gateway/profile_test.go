package gateway_test

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const (
	vcardGet = `<vCard xmlns="vcard-temp"/>`
	pubsub   = "http://jabber.org/protocol/pubsub"
)

// picture is not a whole PNG, but begins like one.
var picture = []byte("\x89PNG\r\n\x1a\n0123")

func hashOf(b []byte) string {
	sum := sha1.Sum(b)
	return hex.EncodeToString(sum[:])
}

func iq(typ, id, to, payload string) string {
	return `<iq type="` + typ + `" id="` + id + `" from="` + desktop + `" to="` + to + `">` + payload + `</iq>`
}

func items(node, item string) string {
	if item != "" {
		item = `<item id="` + item + `"/>`
	}
	return `<pubsub xmlns="` + pubsub + `"><items node="` + node + `">` + item + `</items></pubsub>`
}

// vcard answers a VCARD as a script.
func (s *scene) vcard(request *pb.VCard, photo []byte) {
	s.t.Helper()
	s.script(pb.WrapperMessage_TYPE_VCARD, &pb.VCard{
		UserName: proto.String(alice), BuddyName: request.BuddyName, Id: request.Id,
		Fullname: proto.String("Carol <3"), Nickname: proto.String("caz"), Photo: photo,
	})
}

func TestClientsSeeTheVCardsOfContacts(t *testing.T) {
	s := play(t, "")
	s.online()
	// Two requests for one contact are one for the script.
	s.user(iq("get", "v1", carol, vcardGet))
	s.user(iq("get", "v2", carol, vcardGet))
	s.user(iq("get", "v3", "dave@"+transport, vcardGet))
	asked := delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD)
	other := delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD)
	if asked.GetBuddyName() != "carol" || other.GetBuddyName() != "dave" || asked.GetId() == other.GetId() || asked.Photo != nil {
		t.Fatalf("the script got %v, %v", asked, other)
	}
	s.vcard(other, nil)
	n := s.expect("dave's vCard", answer("v3"))
	if got := content(t, n); got != `<vCard xmlns="vcard-temp"><FN>Carol &lt;3</FN><NICKNAME>caz</NICKNAME></vCard>` {
		t.Errorf("dave's: %s", got)
	}
	s.vcard(asked, picture)
	for _, id := range []string{"v1", "v2"} {
		n := s.expect("carol's vCard", answer(id))
		want := `<PHOTO><TYPE>image/png</TYPE><BINVAL>` + base64.StdEncoding.EncodeToString(picture) + `</BINVAL></PHOTO>`
		if got := content(t, n); got != `<vCard xmlns="vcard-temp"><FN>Carol &lt;3</FN><NICKNAME>caz</NICKNAME>`+want+`</vCard>` {
			t.Errorf("carol's: %s", got)
		}
	}
	s.vcard(asked, picture) // a second answer has no effect
	s.user(iq("get", "v4", carol, vcardGet))
	if again := delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD); again.GetId() == asked.GetId() {
		t.Errorf("a new request has an old id: %v", again)
	}
}

func TestVCardOfTheTransport(t *testing.T) {
	s := play(t, "[identity]\nname=Echo & more")
	s.user(iq("get", "v", transport, vcardGet))
	if got := content(t, s.expect("the vCard", answer("v"))); got != `<vCard xmlns="vcard-temp"><FN>Echo &amp; more</FN></vCard>` {
		t.Error(got)
	}
}

func TestVCardThatTheScriptDoesNotAnswer(t *testing.T) {
	s := play(t, "")
	s.online()
	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Alias: proto.String("Carol")})
	s.expect("carol", presence(carol, "subscribe"))
	s.user(iq("get", "v", carol, vcardGet))
	s.user(iq("get", "a", carol, items("urn:xmpp:avatar:metadata", "")))
	delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD)
	s.passes(15 * time.Second)
	if got := content(t, s.expect("the alias", answer("v"))); got != `<vCard xmlns="vcard-temp"><FN>Carol</FN><NICKNAME>Carol</NICKNAME></vCard>` {
		t.Error(got)
	}
	if e := stanza.ErrorOf(s.expect("no picture", answer("a"))); e == nil || e.Condition != stanza.ItemNotFound {
		t.Error(e)
	}
}

func TestLogoutAnswersRequestsForVCards(t *testing.T) {
	s := play(t, "")
	s.online()
	s.user(iq("get", "v", carol, vcardGet))
	delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD)
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
	if got := content(t, s.expect("the answer", answer("v"))); got != `<vCard xmlns="vcard-temp"><FN>carol</FN></vCard>` {
		t.Error(got)
	}
}

func TestClientsSeeThePicturesOfContacts(t *testing.T) {
	const metadata, data = "urn:xmpp:avatar:metadata", "urn:xmpp:avatar:data"
	item := func(node, content string) string {
		return `<pubsub xmlns="` + pubsub + `"><items node="` + node + `"><item id="` + hashOf(picture) + `">` + content + `</item></items></pubsub>`
	}
	s := play(t, "")
	s.online()
	for i, c := range []struct {
		node, item string
		photo      []byte
		want       string // "" means item-not-found
	}{
		{metadata, "", picture, item(metadata, `<metadata xmlns="`+metadata+`"><info id="`+hashOf(picture)+`" bytes="12" type="image/png"/></metadata>`)},
		{data, hashOf(picture), picture, item(data, `<data xmlns="`+data+`">`+base64.StdEncoding.EncodeToString(picture)+`</data>`)},
		{data, "other", picture, ""},
		{data, hashOf(nil), nil, ""},
		{metadata, "", nil, ""},
	} {
		id := fmt.Sprint("p", i)
		s.user(iq("get", id, carol, items(c.node, c.item)))
		s.vcard(delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD), c.photo)
		n := s.expect("the item", answer(id))
		if e := stanza.ErrorOf(n); c.want == "" && (e == nil || e.Condition != stanza.ItemNotFound) || c.want != "" && content(t, n) != c.want {
			t.Errorf("%s of %d bytes: %s", c.node, len(c.photo), content(t, n))
		}
	}
	for id, payload := range map[string]string{"item-not-found": items("urn:unknown", ""), "feature-not-implemented": `<pubsub xmlns="` + pubsub + `"/>`} {
		s.user(iq("get", id, carol, payload))
		if e := stanza.ErrorOf(s.expect("an error", answer(id))); e == nil || string(e.Condition) != id {
			t.Errorf("%s: %v", payload, e)
		}
	}
}

func TestPresenceHasTheHashOfThePicture(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, hash := range []string{hashOf(picture), ""} {
		s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum(), IconHash: &hash})
		n := s.expect("carol", presence(carol, ""))
		photo := stanza.Child(stanza.Child(n, stanza.VCardUpdate, "x"), stanza.VCardUpdate, "photo")
		if photo == nil || stanza.Body(photo) != hash {
			t.Errorf("not the hash %q: %s", hash, content(t, n))
		}
	}
}

func TestNicknameOfAContact(t *testing.T) {
	s := play(t, "")
	s.online()
	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Alias: proto.String("Carol")})
	s.expect("carol", presence(carol, "subscribe"))
	s.user(iq("get", "n1", carol, items("http://jabber.org/protocol/nick", "")))
	want := `<pubsub xmlns="` + pubsub + `"><items node="http://jabber.org/protocol/nick"><item id="current"><nick xmlns="http://jabber.org/protocol/nick">Carol</nick></item></items></pubsub>`
	if got := content(t, s.expect("the nickname", answer("n1"))); got != want {
		t.Error(got)
	}
	s.user(iq("get", "n2", "dave@"+transport, items("http://jabber.org/protocol/nick", "")))
	if e := stanza.ErrorOf(s.expect("no nickname", answer("n2"))); e == nil || e.Condition != stanza.ItemNotFound {
		t.Error(e)
	}
}

// appearsWith sends a presence of the desktop with the hash of a picture.
func (s *scene) appearsWith(hash string) {
	s.user(`<presence from="` + desktop + `" to="` + transport + `"><x xmlns="vcard-temp:x:update">` + hash + `</x></presence>`)
}

func photo(hash string) string { return `<photo>` + hash + `</photo>` }

// ownCardRequest returns the id of the next request for alice's vCard at her server.
func (s *scene) ownCardRequest() string {
	s.t.Helper()
	return stanza.Attr(s.expect("a request for the vCard", func(n *xmltree.Node) bool {
		return n.Name == "iq" && stanza.Attr(n, "to") == alice && stanza.Child(n, stanza.VCard, "vCard") != nil
	}), "id")
}

// TestScriptSeesTheUsersOwnPicture lets the user change their picture. The script gets it
// once.
func TestScriptSeesTheUsersOwnPicture(t *testing.T) {
	s := play(t, "")
	s.register()
	respond := func(typ, payload string) {
		t.Helper()
		s.user(`<iq type="` + typ + `" id="` + s.ownCardRequest() + `" from="` + alice + `" to="` + transport + `">` + payload + `</iq>`)
	}
	card := `<vCard xmlns="vcard-temp"><FN>Alice</FN><NICKNAME>ali</NICKNAME><PHOTO><BINVAL>` + "\n" + base64.StdEncoding.EncodeToString(picture) + "\n" + `</BINVAL></PHOTO></vCard>`

	s.appearsWith(photo("h1"))
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	respond("result", card)
	own := delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD)
	if own.GetBuddyName() != "" || own.GetId() != 0 || own.GetFullname() != "Alice" || own.GetNickname() != "ali" || string(own.GetPhoto()) != string(picture) {
		t.Errorf("the own vCard: %v", own)
	}

	s.appearsWith(photo("h1")) // not new
	s.appearsWith("")          // the client does not know the picture yet
	s.appearsWith(photo("h2"))
	respond("error", "")
	account, err := s.store.Find(s.ctx, alice)
	if err != nil {
		t.Fatal(err)
	}
	if set, err := s.store.Settings(s.ctx, account.ID); err != nil || set["photohash"] != "h1" {
		t.Errorf("the stored hash: %q, %v", set["photohash"], err)
	}
	s.appearsWith(photo("h2")) // once is enough
	s.appearsWith(photo(""))
	respond("result", `<vCard xmlns="vcard-temp"/>`)
	if own := delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD); own.Photo == nil || len(own.Photo) != 0 {
		t.Errorf("after the removal of the picture: %v", own)
	}

	s.user(iq("set", "set", transport, card))
	s.expect("the answer", answer("set"))
	if own := delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD); string(own.GetPhoto()) != string(picture) {
		t.Errorf("a vCard for the transport: %v", own)
	}
}

func ownCard(photo string) string {
	return `<vCard xmlns="vcard-temp"><FN>Alice</FN><PHOTO>` + photo + `</PHOTO></vCard>`
}

// TestPicturesInAllFormsOfBase64 sets vCards with pictures that clients have encoded in different ways.
func TestPicturesInAllFormsOfBase64(t *testing.T) {
	photo := []byte("\x89PNG\r\n\x1a\n\xfb\xff0") // + and / in base64, and padding
	padded := base64.StdEncoding.EncodeToString(photo)
	s := play(t, "")
	s.online()
	for name, encoded := range map[string]string{
		"padded": padded, "not padded": base64.RawStdEncoding.EncodeToString(photo), "URL-safe": base64.URLEncoding.EncodeToString(photo),
		"URL-safe, not padded": base64.RawURLEncoding.EncodeToString(photo), "lines": padded[:5] + "\r\n\t" + padded[5:] + "\n",
	} {
		s.result("set", transport, ownCard(`<BINVAL>`+encoded+`</BINVAL>`))
		if own := delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD); string(own.GetPhoto()) != string(photo) {
			t.Errorf("%s: %q", name, own.GetPhoto())
		}
	}
}

// TestPictureThatCannotBeReadIsNotRemoved sets such vCards, and finds them at the user's server.
func TestPictureThatCannotBeReadIsNotRemoved(t *testing.T) {
	s := play(t, "")
	s.online()
	s.appearsWith(photo("h0"))
	respond := func(card string) {
		t.Helper()
		s.user(`<iq type="result" id="` + s.ownCardRequest() + `" from="` + alice + `" to="` + transport + `">` + card + `</iq>`)
	}
	respond(ownCard(`<BINVAL>` + base64.StdEncoding.EncodeToString(picture) + `</BINVAL>`))
	delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD)
	unreadable := map[string]string{
		"a data URI": `<BINVAL>data:image/png;base64,iVBORw0KGgo=</BINVAL>`, "padding only": `<BINVAL>====</BINVAL>`,
		"too much padding": `<BINVAL>iVBORw0KGgo==</BINVAL>`, "no base64": `<BINVAL>a picture!</BINVAL>`, "an address": `<EXTVAL>https://x/1</EXTVAL>`,
	}
	for name, photo := range unreadable {
		if c := s.refused("set", transport, ownCard(photo)); c != stanza.BadRequest {
			t.Errorf("%s: %s", name, c)
		}
	}
	unreadable["no picture, but a hash"] = ""
	for name, content := range unreadable {
		s.appearsWith(photo("hash of " + name))
		respond(ownCard(content))
	}
	s.nothing(pb.WrapperMessage_TYPE_VCARD)
	if set, err := s.store.Settings(s.ctx, s.account().ID); err != nil || set["photohash"] != "h0" {
		t.Errorf("the stored hash: %q, %v", set["photohash"], err)
	}
}

func TestProfilesNeedASession(t *testing.T) {
	s := play(t, "")
	for id, xml := range map[string]string{
		"o1": iq("get", "o1", carol, vcardGet), "o2": iq("set", "o2", transport, vcardGet),
		"o3": iq("get", "o3", carol, items("urn:xmpp:avatar:data", "x")),
	} {
		s.user(xml)
		if e := stanza.ErrorOf(s.expect("an error", answer(id))); e == nil || e.Condition != stanza.RecipientUnavailable {
			t.Errorf("%s: %v", xml, e)
		}
	}
	s.online()
	s.user(iq("set", "o4", carol, vcardGet))
	if e := stanza.ErrorOf(s.expect("an error", answer("o4"))); e == nil {
		t.Error("the vCard of a contact can be set")
	}
}
