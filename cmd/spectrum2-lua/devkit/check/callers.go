package check

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind/api"
)

// parameterValue returns the value of a function's parameter if all calls of the
// function are known and agree.
func (u *unit) parameterValue(f *function, i int) value {
	calls, all := u.callsOf(f)
	if !all || len(calls) > maxValues {
		return value{}
	}
	var joined value
	for n, c := range calls {
		one := c.argument(u, i)
		if n == 0 {
			joined = one
		} else if joined = join(joined, one); !joined.known() {
			return value{}
		}
	}
	return joined
}

// calling is one way in which the function is called.
type calling struct {
	fixed []value // arguments that the runtime passes
	args  []ast.Expr
}

func (c calling) argument(u *unit, i int) value {
	if c.fixed != nil {
		if i < len(c.fixed) {
			return c.fixed[i]
		}
		return value{constant: lua.LNil}
	}
	a := resultOf(c.args, i)
	if a.expr == nil {
		return value{}
	}
	return u.resultValue(a)
}

// callsOf returns the calls of a function, and reports whether these are all.
func (u *unit) callsOf(f *function) (calls []calling, all bool) {
	if f.handler != nil {
		calls = append(calls, calling{fixed: f.handler})
	}
	switch {
	case f.call != nil:
		c, ok := u.passed(f.call, f.arg)
		return append(calls, c), ok
	case f.holder == nil:
		return calls, f.handler != nil
	case len(f.holder.values) != 1 || len(f.holder.reads) > maxCallers:
		return nil, false
	}
	for _, r := range f.holder.reads {
		switch {
		case u.handlerUses[r.ident]:
		case r.call == nil:
			return nil, false
		default:
			c, ok := u.passed(r.call, r.arg)
			if !ok {
				return nil, false
			}
			calls = append(calls, c)
		}
	}
	return calls, len(calls) > 0
}

const maxCallers = 200

// passed returns how a callee calls the function that is its argument number arg. arg is
// -1 if the function is the callee itself.
func (u *unit) passed(call *ast.FuncCallExpr, arg int) (calling, bool) {
	if arg < 0 {
		return calling{args: call.Args}, true
	}
	if name, ok := call.Func.(*ast.IdentExpr); ok && u.vars[name] == nil {
		if name.Value == "pcall" && arg == 0 {
			return calling{args: call.Args[1:]}, true
		}
		return calling{}, false
	}
	f, owner := u.callee(call)
	if f == nil {
		return calling{}, false
	}
	switch f.Name {
	case "spawn":
		if owner.Name == api.SessionClass || owner.Name == "spectrum" {
			return calling{args: call.Args[arg+1:]}, true
		}
	case "after", "every":
		return calling{fixed: []value{}}, true
	}
	if arg < len(f.Params) {
		return calling{fixed: callbackParameters(f.Params[arg].Type)}, true
	}
	return calling{}, false
}

// callbackParameters returns the arguments for a function of a type such as "async
// fun(request: spectrum.http.Request)".
func callbackParameters(t api.Type) []value {
	values := make([]value, maxCallback)
	_, list, ok := strings.Cut(string(t), "fun(")
	if !ok {
		return values
	}
	list, _, _ = strings.Cut(list, ")")
	for i, p := range strings.Split(list, ", ") {
		if _, typ, ok := strings.Cut(p, ": "); ok && i < len(values) {
			values[i] = ofType(api.Type(typ))
		}
	}
	return values
}

// maxCallback is larger than the number of parameters of each callback.
const maxCallback = 16
