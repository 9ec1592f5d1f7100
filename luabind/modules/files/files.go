// Package files implements the module spectrum.files: sharing files under an address, and
// downloading the files that users send.
package files

import (
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.files.
var Module = bind.Module{Name: "spectrum.files", Open: open}

func open(*bind.Runtime) *lua.LTable {
	return bind.NewModule("spectrum.files", bind.Functions{
		"share": share,
		"fetch": fetch,
	})
}
