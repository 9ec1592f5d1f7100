package check

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// requiredValue returns what require returns for a file, if that is certainly no table.
func (p *program) requiredValue(name string) value {
	file := p.byPath[p.find(name)]
	if file == nil || p.loads { // a file can set package.loaded
		return value{}
	}
	h := file.findHandlers()
	switch {
	case h == nil || h.returned == nil:
		return value{}
	case h.returned == lua.LNil:
		return value{constant: lua.LTrue, required: name} // as require does
	}
	switch h.returned.Type() {
	case lua.LTBool, lua.LTNumber:
		return value{constant: h.returned, required: name}
	}
	return value{}
}

// checkModules reports modules that are no tables, if the file uses them as tables.
func (u *unit) checkModules() {
	for _, m := range u.members {
		u.checkModule(m.expr.Object)
	}
	for _, s := range u.sets {
		u.checkModule(s.target.Object)
	}
	for _, call := range u.calls {
		if call.Func == nil {
			u.checkModule(call.Receiver)
		}
	}
}

// checkModule reports the module that an expression names, at the line of its require.
func (u *unit) checkModule(object ast.Expr) {
	v := u.valueOf(object)
	for _, r := range u.requires {
		if v.required == "" || r.name != v.required {
			continue
		}
		path := u.find(r.name)
		file := display(path)
		why := file + " returns it"
		if h := u.byPath[path].findHandlers(); h.returned == lua.LNil {
			why = file + " returns nothing"
		}
		u.tell(r.line, "module-no-table", fmt.Sprintf("require %q returns %s, because %s, and this file uses it as a table: end %s with `return` and its table", r.name, v.constant, why, file))
		return
	}
}
