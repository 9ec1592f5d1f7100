// Package messages passes messages between users and contacts.
//
// A message has parts: its body, and child elements that add something to it. A part of a
// user's message is in the table incoming, and a part of a script's message in outgoing.
package messages

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
)

// Feature returns the feature. Messages of the type error have no route: they are ignored,
// because an answer could come back as another error.
func Feature() router.Feature {
	f := router.Feature{
		Name: "messages",
		Payloads: append([]router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE, router.Contact, toUser),
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, router.Any, acknowledged),
			router.On(pb.WrapperMessage_TYPE_ATTENTION, router.Any, attentionToUser),
		}, stateRoutes()...),
		Disco: []router.Disco{
			{Target: router.Contact, Var: stanza.ChatStates},
			{Target: router.Contact, Var: stanza.XHTML},
			{Target: router.Contact, Var: stanza.OutOfBand},
			{Target: router.Contact, Var: stanza.Attention},
			{Target: router.Contact, Var: stanza.Receipts, Needs: "receipts"},
		},
	}
	for _, typ := range []string{"chat", "normal", "headline"} {
		f.Stanzas = append(f.Stanzas,
			router.Route{Kind: "message", Type: typ, To: router.Contact, Handle: fromUser},
			router.Route{Kind: "message", Type: typ, To: router.Transport, Handle: toTransport})
	}
	return f
}
