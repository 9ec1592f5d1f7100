package check

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind/api"
	"spectrumlua/luabind/bind"
)

// checkColon reports a module's function that is called with a colon.
func (u *unit) checkColon(call *ast.FuncCallExpr) {
	v := u.valueOf(call.Receiver)
	if v.class == nil || !v.class.Module || u.setSomewhere(call.Method) {
		return
	}
	if f := v.class.Function(call.Method); f != nil && !f.Method {
		u.tell(call.Line(), "colon-for-dot", bind.MissingDot(v.class.Name, call.Method))
	}
}

// checkText reports the first line that is not UTF-8.
func (u *unit) checkText() {
	if utf8.ValidString(u.source.text) {
		return
	}
	n := 0
	for line := range strings.Lines(u.source.text) {
		n++
		if !utf8.ValidString(line) {
			u.tell(n, "not-utf-8", "the line is not UTF-8, so texts lose characters: save the file as UTF-8")
			return
		}
	}
}

// mustHave are the functions whose failure leaves the script without its object.
var mustHave = map[string]bool{"spectrum.http.serve": true, "spectrum.net.listen": true, "spectrum.net.connect": true, "spectrum.websocket.connect": true}

// checkResults reports calls that drop the message of a failure.
func (u *unit) checkResults() {
	for _, e := range u.dropped {
		call, ok := e.(*ast.FuncCallExpr)
		if !ok {
			continue
		}
		if f, owner := u.callee(call); f != nil && mustHave[owner.Name+"."+f.Name] {
			u.tell(call.Line(), "ignored-failure", failureText(owner, f))
		}
	}
}

func failureText(owner *api.Class, f *api.Function) string {
	short := owner.Name[strings.LastIndexByte(owner.Name, '.')+1:]
	return fmt.Sprintf("%s.%s returns nil and a message if it fails, and the script ignores both: write assert(%[1]s.%[2]s(…)), or test the result", short, f.Name)
}
