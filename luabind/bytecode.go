package luabind

import (
	"errors"
	"os"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bytecode"
	"spectrumlua/luabind/source"
)

// knownBytecode finds what was compiled by a process before, which has kept it in
// [lua] bytecode.
func (h *Host) knownBytecode() func(name, text string) *lua.FunctionProto {
	if h.opts.Lua.Bytecode == "" {
		return nil
	}
	file, err := bytecode.Open(h.opts.Lua.Bytecode)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		h.log.Debugf("[lua] bytecode is not used, which costs time alone: %s: %v", h.opts.Lua.Bytecode, err)
	}
	return file.Function
}

// keepBytecode notes what a first load has compiled, for SaveBytecode. The baton
// is held.
func (h *Host) keepBytecode(c *source.Cache) {
	h.first = nil // of a load that has failed
	if h.opts.Lua.Bytecode != "" && !h.started && c.Fresh() {
		h.first = c
	}
}

// SaveBytecode keeps what the first load has compiled in [lua] bytecode, unless
// all of it is there already. It is to be called once, when there is time for it:
// what is loaded later is for the next process to keep. If it cannot be kept, the
// log says so: that costs the next process time alone.
func (h *Host) SaveBytecode() {
	var first *source.Cache
	h.opts.Scheduler.Do(func() {
		if h.vm != nil {
			first = h.first
		}
		h.first, h.started = nil, true
	})
	if first == nil {
		return
	}
	if err := bytecode.Write(h.opts.Lua.Bytecode, first.Units()); err != nil {
		h.log.Debugf("what the script was compiled to cannot be kept ([lua] bytecode): %v", err)
	}
}
