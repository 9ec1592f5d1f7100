package check

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind"
	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/schema"
)

// checkGlobals reports globals that nothing sets, and globals that the file sets.
func (u *unit) checkGlobals() {
	for name, line := range u.globalSets {
		if line > 0 {
			text := fmt.Sprintf("%s is a global, which all files of the script share: write local before it", name)
			if t := schema.TypeByName(name); t != nil && t.Handled() {
				text += fmt.Sprintf(", or on.%s if it is the handler", name)
			}
			u.tell(line, "global-assignment", text)
		}
	}
	if u.wild {
		return
	}
	texts := map[string]string{}
	for _, g := range u.globals {
		if u.program.globals[g.name] || u.tested[g.name] && !g.called || u.isDefined(g.name) {
			continue
		}
		text, known := texts[g.name]
		if !known {
			text = u.undefined(g, len(texts) < maxHints)
			texts[g.name] = text
		}
		if text != "" {
			u.tell(g.line, "undefined-global", text)
		}
	}
}

func (u *unit) isDefined(name string) bool {
	return u.surface.Globals.RawGetString(name) != lua.LNil || u.role == test && name == testModule
}

// maxHints limits the names of a file for which check looks for similar names.
const maxHints = 100

// undefined returns the message about an undefined global. It returns "" if an unknown
// file may set the global, for example if the file is a module without its script.
func (u *unit) undefined(g global, hint bool) string {
	name := g.name
	text := fmt.Sprintf("there is no variable %q here", name)
	if line := u.localLine[name]; line > 0 && line != g.line { // not local x = x
		return text + fmt.Sprintf("; the local variable of line %d is not visible here", line)
	}
	if require := luabind.RequireHint(name); require != "" && u.role != module {
		return text + ": " + require
	}
	near := ""
	if hint {
		near = bind.DidYouMean(name, u.knownNames(name))
	}
	if near == "" && u.role == module {
		return ""
	}
	return text + near
}

// knownNames returns the names of all globals and of the file's local variables, except one.
func (u *unit) knownNames(except string) []string {
	var known []string
	u.surface.Globals.ForEach(func(k, _ lua.LValue) { known = append(known, k.String()) })
	for other := range u.program.globals {
		known = append(known, other)
	}
	for _, v := range u.locals {
		if v.name != except {
			known = append(known, v.name)
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// checkUnused reports unused local variables and functions. It ignores parameters and
// the variables of loops, which are often necessary.
func (u *unit) checkUnused() {
	for _, v := range u.locals {
		if v.function != nil || v.isFor || strings.HasPrefix(v.name, "_") || v.isUsed() || v.isExcused() || u.isOpening(v) {
			continue
		}
		what := "variable"
		if len(v.values) > 0 && v.inside != nil {
			what = "function"
		}
		text := fmt.Sprintf("the local %s %s is never used: remove it, or call it _%s", what, v.name, strings.TrimLeft(v.name, "_"))
		u.tell(v.line, "unused-local", text)
	}
}

// isOpening reports whether a variable comes from the usual first line of a script:
// local spectrum = require "spectrum".
func (u *unit) isOpening(v *variable) bool {
	return v.name == "spectrum" && len(v.values) == 1 && u.valueOf(v.values[0].expr).isModule("spectrum")
}

func (v *variable) isUsed() bool {
	return slices.ContainsFunc(v.reads, func(r use) bool { return !r.own })
}

// isExcused reports whether a variable only precedes one that the script uses.
func (v *variable) isExcused() bool {
	at := slices.Index(v.group, v)
	return at >= 0 && slices.ContainsFunc(v.group[at+1:], (*variable).isUsed)
}
