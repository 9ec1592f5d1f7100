// Package modules lists what a script can require beside spectrum itself: one
// more is one line here and one package.
package modules

import (
	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/config"
	"spectrumlua/luabind/modules/json"
	"spectrumlua/luabind/modules/log"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/luabind/modules/process"
)

// All are the modules, sorted by name.
func All() []bind.Module {
	return []bind.Module{
		config.Module,
		json.Module,
		log.Module,
		net.Module,
		process.Module,
	}
}
