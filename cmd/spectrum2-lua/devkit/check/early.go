package check

import (
	"github.com/yuin/gopher-lua/ast"
)

// checkEarly reports messages to rooms that the handler of a login sends itself: the user
// joins rooms only after it.
func (u *unit) checkEarly(login *ast.FunctionExpr) {
	for _, call := range u.calls {
		if u.within[call] != login || call.Method != "conv_message" || len(call.Args) == 0 || !u.valueOf(call.Receiver).isSession() {
			continue
		}
		if table := u.fieldsOf(call.Args[0]); table != nil && inRoom(table) {
			u.tell(call.Line(), "room-before-join", "Spectrum drops messages to a room before the user joins it: send them in or after on.join_room")
		}
	}
}

// inRoom reports whether a message is certainly one in a room: it has a nickname and is
// not private.
func inRoom(table *ast.TableExpr) bool {
	nickname := false
	for _, f := range table.Fields {
		key, ok := f.Key.(*ast.StringExpr)
		if !ok || key.Value == "pm" {
			return false
		}
		if key.Value == "nickname" {
			_, nickname = f.Value.(*ast.StringExpr)
		}
	}
	return nickname
}
