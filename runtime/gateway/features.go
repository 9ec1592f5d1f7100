package gateway

import (
	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/bookmarks"
	"spectrumlua/runtime/gateway/clients"
	"spectrumlua/runtime/gateway/commands"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/interaction"
	"spectrumlua/runtime/gateway/messages"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/privilege"
	"spectrumlua/runtime/gateway/process"
	"spectrumlua/runtime/gateway/profile"
	"spectrumlua/runtime/gateway/registration"
	"spectrumlua/runtime/gateway/roomadmin"
	"spectrumlua/runtime/gateway/roomlist"
	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/search"
	"spectrumlua/runtime/gateway/sent"
	"spectrumlua/runtime/gateway/service"
)

// features are the parts of the gateway. Their hooks run in this order, one feature after
// the other.
var features = []func() router.Feature{
	process.Feature,
	disco.Feature,
	registration.Feature,
	privilege.Feature,
	interaction.Feature,
	commands.Feature,
	search.Feature,
	presence.Feature,
	roster.Feature,
	ids.Feature,
	messages.Feature,
	service.Feature,
	archive.Feature,
	profile.Feature,
	rooms.Feature,
	roomlist.Feature,
	roomadmin.Feature,
	bookmarks.Feature,
	sent.Feature,
	clients.Feature, // behind the features whose hooks ask for what clients understand
}

func newFeatures() []router.Feature {
	all := make([]router.Feature, len(features))
	for i, feature := range features {
		all[i] = feature()
	}
	return all
}
