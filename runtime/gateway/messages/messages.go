// Package messages passes messages between users and contacts.
//
// A message has parts: its body, and child elements that add something to it. A part of a
// user's message is in the table incoming, and a part of a script's message in outgoing.
package messages

import (
	"slices"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
)

// understood are the features that contacts, rooms and occupants have. A client may hide what
// the other side does not have, so those about other messages need a handler of the script.
var understood = []router.Disco{
	{Var: stanza.Correction}, {Var: stanza.Spoiler}, {Var: stanza.Fallback}, {Var: stanza.FileSharing}, {Var: stanza.Reply},
	{Var: stanza.Markers, Handler: pb.WrapperMessage_TYPE_DISPLAYED},
	{Var: stanza.Retract, Handler: pb.WrapperMessage_TYPE_RETRACTION},
	{Var: stanza.Reactions, Handler: pb.WrapperMessage_TYPE_REACTION},
}

// Feature returns the feature. Messages of the type error have no route: they are ignored,
// because an answer could come back as another error.
func Feature() router.Feature {
	f := router.Feature{
		Name: "messages",
		Payloads: slices.Concat([]router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE, router.Contact, toUser).Quick(Quick),
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, router.Any, acknowledged),
			router.On(pb.WrapperMessage_TYPE_ATTENTION, router.Any, attentionToUser).Quick(Quick),
		}, States(router.Any, stateToUser), Events(router.Contact, eventToUser)),
		Disco: []router.Disco{
			{Target: router.Contact, Var: stanza.ChatStates},
			{Target: router.Contact, Var: stanza.XHTML},
			{Target: router.Contact, Var: stanza.OutOfBand},
			{Target: router.Contact, Var: stanza.Attention},
			{Target: router.Contact, Var: stanza.Receipts, Needs: "receipts"},
		},
	}
	for _, target := range []router.Target{router.Contact, router.Room, router.Occupant} {
		for _, d := range understood {
			d.Target = target
			f.Disco = append(f.Disco, d)
		}
	}
	for _, typ := range []string{"chat", "normal", "headline"} {
		f.Stanzas = append(f.Stanzas, router.Route{
			Kind: "message", Type: typ, To: router.Contact, Handle: fromUser, Quick: QuickFromUser,
		})
	}
	return f
}
