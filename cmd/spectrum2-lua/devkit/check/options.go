package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind/api"
	"spectrumlua/luabind/bind"
)

// checkOptions checks the tables of options of a call, and its lists.
func (u *unit) checkOptions(call *ast.FuncCallExpr, f *api.Function, owner *api.Class) {
	for i, p := range f.Params {
		if i >= len(call.Args) || p.Name == "..." {
			return
		}
		if table, ok := call.Args[i].(*ast.TableExpr); ok && p.Name != "fields" { // checkSent checks a message
			u.checkTable(table, called(f, owner), p.Type)
		}
	}
}

// checkTable checks the fields and elements of a table that is written in a call. what is the
// function, or the option that the table is for.
func (u *unit) checkTable(table *ast.TableExpr, what string, t api.Type) {
	class := t.Class()
	element := t.List()
	if class != nil && (len(class.AllFunctions()) > 0 || hasFreeKeys(class)) {
		return
	}
	if class != nil {
		if f := class.Field("[integer]"); f != nil {
			element = f.Type
		}
	}
	for i, field := range table.Fields {
		key, isName := field.Key.(*ast.StringExpr)
		switch {
		case isName && class != nil && class.Field(key.Value) == nil && element != "" && returned(class): // such as an element of XML, which may have more
		case isName && class != nil:
			u.checkOption(what, class, key, field.Value)
		case field.Key == nil && element != "":
			u.checkGiven(field.Value, what, fmt.Sprintf("element %d", i+1), element)
		}
	}
	if class != nil && element == "" && !handled(class) {
		u.checkRequired(table, what, class)
	}
}

// checkRequired reports fields that a table lacks.
func (u *unit) checkRequired(table *ast.TableExpr, what string, class *api.Class) {
	given := map[string]bool{}
	for _, field := range table.Fields {
		key, isName := field.Key.(*ast.StringExpr)
		if !isName && field.Key != nil {
			return // any name
		}
		if isName && class.Field(key.Value) == nil {
			return // this may be the missing one
		}
		if isName {
			given[key.Value] = true
		}
	}
	for _, f := range class.AllFields() {
		if !given[f.Name] && f.Default == "" && demanded(&api.Param{Name: f.Name, Type: f.Type, Optional: f.Optional}) {
			u.tell(table.Line(), "missing-field", fmt.Sprintf("%s: the field %s is missing (%s expected)", what, f.Name, wanted(f.Type)))
		}
	}
}

// returned reports whether a function of the API returns tables of a class.
func returned(class *api.Class) bool {
	return slices.ContainsFunc(api.Classes(), func(c *api.Class) bool {
		return slices.ContainsFunc(c.Functions, func(f *api.Function) bool {
			return slices.ContainsFunc(f.Returns, func(r *api.Return) bool { return r.Type.Class() == class || r.Type.List().Class() == class })
		})
	})
}

// handled reports whether handlers receive tables of a class. A part of such a message is enough
// to refer to it.
func handled(class *api.Class) bool {
	return slices.ContainsFunc(api.Handlers().AllFields(), func(f *api.Field) bool { return strings.Contains(string(f.Type), class.Name) })
}

// hasFreeKeys reports whether tables of a class have fields of any name.
func hasFreeKeys(c *api.Class) bool {
	return slices.ContainsFunc(c.AllFields(), func(f *api.Field) bool {
		return strings.HasPrefix(f.Name, "[") && f.Name != "[integer]"
	})
}

func (u *unit) checkOption(what string, class *api.Class, key *ast.StringExpr, given ast.Expr) {
	option := class.Field(key.Value)
	if option == nil {
		hint := bind.DidYouMean(key.Value, class.Names())
		if hint == "" {
			hint = "; the options are " + strings.Join(slices.DeleteFunc(class.Names(), func(name string) bool { return name[0] == '[' }), ", ")
		}
		u.tell(key.Line(), "unknown-option", fmt.Sprintf("%s has no option %q%s", what, key.Value, hint))
		return
	}
	u.checkGiven(given, what, key.Value, option.Type)
}

// checkGiven checks the value of an option or an element.
func (u *unit) checkGiven(given ast.Expr, what, name string, t api.Type) {
	for _, leaf := range leaves(given) {
		v := u.known(leaf)
		if want := refused(t, v); want != "" {
			u.tell(leaf.Line(), "wrong-value", fmt.Sprintf("%s: %s: %s expected, got %s", what, name, want, bind.Describe(v)))
		} else if table, ok := leaf.(*ast.TableExpr); ok {
			u.checkTable(table, what+": "+name, t)
		}
	}
}
