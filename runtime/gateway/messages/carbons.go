package messages

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
)

// carbon drops a message that the user has written on the network with another program.
func carbon(u *router.User, _ *pb.ConversationMessage) {
	u.Log().Debug("a message of the user from another program is dropped")
}
