package source

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// trim lets go of the room for 1,024 instructions that the compiler gives to
// every function: 12 kB, of which most use a twentieth.
func trim(p *lua.FunctionProto) {
	p.Code = slices.Clone(p.Code)
	p.DbgSourcePositions = slices.Clone(p.DbgSourcePositions)
	for _, inner := range p.FunctionPrototypes {
		trim(inner)
	}
}
