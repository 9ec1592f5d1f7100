// Package api describes all that a script can use: modules, their functions,
// classes, fields and options, with types and documentation.
//
// The description stands once, in library/*.lua, as annotations that the Lua
// Language Server and the editors which use it read. The files are written by
// hand, but for protocol.lua, which `make generate` makes of pb/protocol.proto:
// the payloads, the enums, the handlers and the methods of a session that send.
// The tables of the reference in docs are made of the same files.
//
//	Modules()              what can be required: "spectrum", "spectrum.net" …
//	Session()              what handlers are called with
//	Handlers()             what a script returns
//	FindClass(name)        any class: "spectrum.net.Conn", "spectrum.Buddy" …
//	Aliases()              types that are a choice: "spectrum.StatusType" …
//	Files()                the files themselves, for an editor
//
// Everything is read once, at the first use, may be used from any goroutine and
// must not be changed.
package api

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

//go:embed library/*.lua
var library embed.FS

// Names of classes that have a part of their own in the API.
const (
	SessionClass  = "spectrum.Session"
	HandlersClass = "spectrum.Handlers"
)

// Class is a module, a kind of object, or a kind of table.
type Class struct {
	// Name is the type in annotations; a module's is what a script requires.
	Name string
	// Module says that the class is one: scripts require it by its name.
	Module bool
	// Doc is in Markdown, as all Docs are: a paragraph has no line breaks.
	Doc string
	// Parents are the names of classes whose members it has too.
	Parents []string
	// Fields are values, or the keys of a table; without those of the parents.
	Fields []*Field
	// Functions are functions, or methods; without those of the parents.
	Functions []*Function
	// Call is the form in which the class is called itself; "" if it is not.
	Call Type
}

// Field is a value of a class, or an option.
type Field struct {
	// Name is the key. "[integer]" stands for a list.
	Name string
	Type Type
	// Optional fields may be nil.
	Optional bool
	Doc      string
	// Default is what an option is when it is left out, as text; "" if that is
	// not said.
	Default string
}

// Function is a function of a module, or a method.
type Function struct {
	Name string
	// Method says that it is called with a colon.
	Method  bool
	Doc     string
	Params  []*Param
	Returns []*Return
}

// Param is a parameter. The name "..." stands for any number of them.
type Param struct {
	Name     string
	Type     Type
	Optional bool
	Doc      string
	Default  string
}

// Return is a value that a function returns. The name "..." stands for any
// number of them.
type Return struct {
	Name string
	Type Type
	Doc  string
}

// Alias is a name for a type: for a choice of values, as an enum is, or for
// another type.
type Alias struct {
	Name   string
	Doc    string
	Type   Type // "" if there are values
	Values []*Value
}

// Value is one of the values of an alias.
type Value struct {
	// Text is the value in Lua, with its quotation marks; or a type, where other
	// values are allowed too.
	Text string
	Doc  string
}

// Name is the value of a string, or "".
func (v *Value) Name() string {
	if len(v.Text) < 2 || v.Text[0] != '"' {
		return ""
	}
	return v.Text[1 : len(v.Text)-1]
}

// Modules are what a script can require, sorted by name.
func Modules() []*Class { return model().modules }

// Module finds a module by the name that scripts require; nil if there is none.
func Module(name string) *Class {
	if c := FindClass(name); c != nil && c.Module {
		return c
	}
	return nil
}

// Classes are all classes, modules too, sorted by name.
func Classes() []*Class { return model().classes }

// FindClass finds a class by its name; nil if there is none.
func FindClass(name string) *Class { return model().byName[name] }

// Session is the class of the session object: methods that send and others.
func Session() *Class { return FindClass(SessionClass) }

// Handlers is the table that a script returns: each field is a handler.
func Handlers() *Class { return FindClass(HandlersClass) }

// Aliases are all aliases, sorted by name.
func Aliases() []*Alias { return model().aliases }

// FindAlias finds an alias by its name; nil if there is none.
func FindAlias(name string) *Alias {
	i, found := slices.BinarySearchFunc(Aliases(), name, func(a *Alias, name string) int {
		return strings.Compare(a.Name, name)
	})
	if !found {
		return nil
	}
	return Aliases()[i]
}

// Files holds the annotations, one file for each module and protocol.lua.
func Files() fs.FS {
	sub, err := fs.Sub(library, "library")
	if err != nil {
		panic(err) // it is a name that is fit for one
	}
	return sub
}

// AllFields are the fields of the class and of its parents, these first.
func (c *Class) AllFields() []*Field {
	var all []*Field
	for _, parent := range c.parents() {
		all = append(all, parent.AllFields()...)
	}
	return append(all, c.Fields...)
}

// AllFunctions are the functions of the class and of its parents, these first.
func (c *Class) AllFunctions() []*Function {
	var all []*Function
	for _, parent := range c.parents() {
		all = append(all, parent.AllFunctions()...)
	}
	return append(all, c.Functions...)
}

func (c *Class) parents() []*Class {
	var all []*Class
	for _, name := range c.Parents {
		if parent := FindClass(name); parent != nil {
			all = append(all, parent)
		}
	}
	return all
}

// Field finds a field by its name, among those of the parents too; nil if there
// is none.
func (c *Class) Field(name string) *Field {
	for _, f := range c.AllFields() {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Function finds a function by its name, among those of the parents too; nil if
// there is none.
func (c *Class) Function(name string) *Function {
	for _, f := range c.AllFunctions() {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Names are the names of all members, sorted.
func (c *Class) Names() []string {
	var names []string
	for _, f := range c.AllFields() {
		names = append(names, f.Name)
	}
	for _, f := range c.AllFunctions() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// Signature is the function as the reference writes it: its name and its
// parameters, with those in brackets that can be left out, as in
// "connect(address [, options])".
func (f *Function) Signature() string {
	var b strings.Builder
	b.WriteString(f.Name + "(")
	open := 0
	for i, p := range f.Params {
		name := p.Name
		if name == "..." {
			name = "…"
		}
		leads := p.Optional && i+1 < len(f.Params) && !f.Params[i+1].Optional
		switch {
		case leads && i == 0:
			b.WriteString("[" + name + ",] ")
			continue
		case p.Optional && i == 0:
			b.WriteString("[" + name)
			open++
			continue
		case p.Optional:
			b.WriteString(" [, " + name)
			open++
			continue
		case i > 0 && !strings.HasSuffix(b.String(), "] "):
			b.WriteString(", ")
		}
		b.WriteString(name)
	}
	b.WriteString(strings.Repeat("]", open) + ")")
	return b.String()
}

// description is all of it, read.
type description struct {
	modules, classes []*Class
	byName           map[string]*Class
	aliases          []*Alias
}

var model = sync.OnceValue(func() *description {
	d, err := read(Files())
	if err != nil {
		panic("luabind/api: " + err.Error()) // a test reads it
	}
	return d
})
