// Package sent handles what the script says about messages of the user: that the network
// has accepted a message and which id it has there, or that it has refused the message.
package sent

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name:     "sent",
		Payloads: []router.PayloadRoute{router.On(pb.WrapperMessage_TYPE_SENT, router.Any, handle)},
	}
}

// handle handles SENT of the script.
func handle(u *router.User, s *pb.Sent) {
	if s.Error != nil {
		refused(u, s)
		return
	}
	m := ids.Accepted(u, s.GetId(), s.GetNetworkId())
	switch {
	case m == nil:
		u.Log().Debugf("sent has no effect: no message with the id %.64q is among the last ones of the user", s.GetId())
	case m.Room:
		rooms.Sent(u, m.Name, s.GetId(), s.GetNetworkId())
	}
}

// refused shows the user's client the error of a message.
func refused(u *router.User, s *pb.Sent) {
	m := ids.Accepted(u, s.GetId(), "")
	if m == nil {
		u.Log().Debugf("the error of a message is dropped: no message with the id %.64q is among the last ones of the user", s.GetId())
		return
	}
	if m.Room {
		rooms.Refused(u, m.Name, s.GetId())
	}
	answered := stanza.Message(m.From, m.To, "")
	if m.StanzaID != "" {
		stanza.SetAttr(answered, "id", m.StanzaID)
	}
	u.Send(stanza.Bounce(answered, stanza.Errorf(stanza.NotAcceptable, "%s", s.GetError())))
}
