// Package sent handles what the script says about messages of the user: that the network
// has accepted a message and which id it has there, or that it has refused the message.
package sent

import (
	"fmt"

	"github.com/sirupsen/logrus"

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
		unknown(u, s).Debug("sent has no effect: no message with this id is among the last ones of the user")
	case m.Room:
		rooms.Sent(u, m.Name, s.GetId(), s.GetNetworkId())
	}
}

// unknown returns the log for a message that is not known.
func unknown(u *router.User, s *pb.Sent) *logrus.Entry {
	return u.Log().WithField("id", fmt.Sprintf("%.64s", s.GetId()))
}

// refused shows the user's client the error of a message.
func refused(u *router.User, s *pb.Sent) {
	m := ids.Accepted(u, s.GetId(), "")
	if m == nil {
		unknown(u, s).Debug("the error of a message is dropped: no message with this id is among the last ones of the user")
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
