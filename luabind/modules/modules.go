// Package modules lists what a script can require beside spectrum itself: one
// more is one line here and one package.
package modules

import (
	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/config"
	"spectrumlua/luabind/modules/crypto"
	"spectrumlua/luabind/modules/encoding"
	"spectrumlua/luabind/modules/http"
	"spectrumlua/luabind/modules/json"
	"spectrumlua/luabind/modules/log"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/luabind/modules/process"
	"spectrumlua/luabind/modules/regexp"
	"spectrumlua/luabind/modules/time"
	"spectrumlua/luabind/modules/websocket"
	"spectrumlua/luabind/modules/xml"
)

// All are the modules, sorted by name.
func All() []bind.Module {
	return []bind.Module{
		config.Module,
		crypto.Module,
		encoding.Module,
		http.Module,
		json.Module,
		log.Module,
		net.Module,
		process.Module,
		regexp.Module,
		time.Module,
		websocket.Module,
		xml.Module,
	}
}
