// Package messages passes messages between users and contacts.
//
// A message has parts: its body, and child elements that add something to it. A part of a
// user's message is in the table incoming, and a part of a script's message in outgoing.
package messages

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "messages",
		Stanzas: []router.Route{
			{Kind: "message", Type: "chat", To: router.Contact, Handle: fromUser},
			{Kind: "message", Type: "normal", To: router.Contact, Handle: fromUser},
			{Kind: "message", Type: "headline", To: router.Contact, Handle: fromUser},
		},
		Payloads: append([]router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE, router.Contact, toUser),
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, router.Any, acknowledged),
		}, stateRoutes()...),
		Disco: []router.Disco{
			{Target: router.Contact, Var: "http://jabber.org/protocol/chatstates"},
		},
	}
}
