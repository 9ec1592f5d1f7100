// Package modules lists the modules that a script can require, besides
// spectrum itself. A new module needs one package and one line here.
package modules

import (
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/bytes"
	"spectrumlua/luabind/modules/config"
	"spectrumlua/luabind/modules/crypto"
	"spectrumlua/luabind/modules/encoding"
	"spectrumlua/luabind/modules/files"
	"spectrumlua/luabind/modules/http"
	"spectrumlua/luabind/modules/json"
	"spectrumlua/luabind/modules/log"
	"spectrumlua/luabind/modules/metrics"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/luabind/modules/process"
	"spectrumlua/luabind/modules/regexp"
	"spectrumlua/luabind/modules/sql"
	"spectrumlua/luabind/modules/store"
	"spectrumlua/luabind/modules/text"
	"spectrumlua/luabind/modules/time"
	"spectrumlua/luabind/modules/websocket"
	"spectrumlua/luabind/modules/xml"
)

// All returns the modules, sorted by name.
func All() []bind.Module {
	return []bind.Module{
		bytes.Module,
		config.Module,
		crypto.Module,
		encoding.Module,
		files.Module,
		http.Module,
		json.Module,
		log.Module,
		metrics.Module,
		net.Module,
		process.Module,
		regexp.Module,
		sql.Module,
		store.Module,
		text.Module,
		time.Module,
		websocket.Module,
		xml.Module,
	}
}

// SessionMethods returns the session methods that modules implement, by name.
// A method gets the name of the session's user.
func SessionMethods() map[string]func(l *lua.LState, user string) int {
	return map[string]func(l *lua.LState, user string) int{
		"store": store.OfSession,
	}
}
