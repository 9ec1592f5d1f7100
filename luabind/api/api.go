// Package api describes everything that a script can use: modules, their
// functions, classes, fields and options, with types and documentation.
//
// The description comes from the annotations in library/*.lua, which the Lua
// Language Server and editors read. The files are written by hand, except
// protocol.lua: `make generate` makes it from pb/protocol.proto, with the
// payloads, the enums, the handlers and the methods of a session that send.
// The tables of the reference in docs come from the same files.
//
//	Modules()              what can be required: "spectrum", "spectrum.net" …
//	Session()              what handlers are called with
//	Handlers()             what a script returns
//	FindClass(name)        any class: "spectrum.net.Conn", "spectrum.Buddy" …
//	Aliases()              types that are a choice: "spectrum.StatusType" …
//	Files()                the files themselves, for an editor
//
// The annotations are parsed once, at the first use. All functions are safe
// for concurrent use. Callers must not change the results.
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

// Names of classes that have a special role.
const (
	SessionClass  = "spectrum.Session"
	handlersClass = "spectrum.Handlers"
)

// Class is a module, a kind of object, or a kind of table.
type Class struct {
	// Name is the type in annotations. Scripts require a module by this name.
	Name string
	// Module reports whether the class is a module.
	Module bool
	// Doc is in Markdown, like every Doc in this package. A paragraph has no
	// line breaks.
	Doc string
	// Parents are the names of classes whose members this class has too.
	Parents []string
	// Fields are values, or keys of a table, without those of the parents.
	Fields []*Field
	// Functions are functions or methods, without those of the parents.
	Functions []*Function
	// Call is the signature for calling the class itself, or "" if it cannot
	// be called.
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
	// Default is the value of an option that is not given, as text. It is ""
	// if the annotation does not state it.
	Default string
}

// Function is a function of a module, or a method.
type Function struct {
	Name string
	// Method reports whether the function is called with a colon.
	Method  bool
	Doc     string
	Params  []*Param
	Returns []*Return
}

// Param is a parameter. The name "..." means any number of values.
type Param struct {
	Name     string
	Type     Type
	Optional bool
	Doc      string
	Default  string
}

// Return is a value that a function returns. The name "..." means any number
// of values.
type Return struct {
	Name string
	Type Type
	Doc  string
}

// Alias is a name for a type: for a set of values, such as an enum, or for
// another type.
type Alias struct {
	Name   string
	Doc    string
	Type   Type // "" if the alias has values
	Values []*Value
}

// Value is one of the values of an alias.
type Value struct {
	// Text is the value in Lua, with its quotation marks. It is a type if
	// other values are allowed too.
	Text string
	Doc  string
}

// Name returns the contents of a string value, or "" for any other value.
func (v *Value) Name() string {
	if len(v.Text) < 2 || v.Text[0] != '"' {
		return ""
	}
	return v.Text[1 : len(v.Text)-1]
}

// Modules returns the modules that a script can require, sorted by name.
func Modules() []*Class { return model().modules }

// Module returns the module that scripts require by this name, or nil for an
// unknown name.
func Module(name string) *Class {
	if c := FindClass(name); c != nil && c.Module {
		return c
	}
	return nil
}

// Classes returns all classes, including modules, sorted by name.
func Classes() []*Class { return model().classes }

// FindClass returns the class with this name, or nil for an unknown name.
func FindClass(name string) *Class { return model().byName[name] }

// Session returns the class of the session object.
func Session() *Class { return FindClass(SessionClass) }

// Handlers returns the class of the table that a script returns. Each field is
// a handler.
func Handlers() *Class { return FindClass(handlersClass) }

// Aliases returns all aliases, sorted by name.
func Aliases() []*Alias { return model().aliases }

// FindAlias returns the alias with this name, or nil for an unknown name.
func FindAlias(name string) *Alias {
	i, found := slices.BinarySearchFunc(Aliases(), name, func(a *Alias, name string) int {
		return strings.Compare(a.Name, name)
	})
	if !found {
		return nil
	}
	return Aliases()[i]
}

// Files returns the annotations: one file for each module, and protocol.lua.
func Files() fs.FS {
	sub, err := fs.Sub(library, "library")
	if err != nil {
		panic(err) // the folder's name is a constant
	}
	return sub
}

// AllFields returns the fields of the parents, followed by those of the class.
func (c *Class) AllFields() []*Field {
	var all []*Field
	for _, parent := range c.parents() {
		all = append(all, parent.AllFields()...)
	}
	return append(all, c.Fields...)
}

// AllFunctions returns the functions of the parents, followed by those of the
// class. A function of the class replaces those of the parents with its name.
func (c *Class) AllFunctions() []*Function {
	var all []*Function
	for _, parent := range c.parents() {
		all = append(all, parent.AllFunctions()...)
	}
	all = slices.DeleteFunc(all, func(inherited *Function) bool {
		return slices.ContainsFunc(c.Functions, func(own *Function) bool { return own.Name == inherited.Name })
	})
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

// Field returns the field with this name, of the class or of a parent. It
// returns nil for an unknown name.
func (c *Class) Field(name string) *Field {
	for _, f := range c.AllFields() {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Function returns the function with this name, of the class or of a parent.
// It returns nil for an unknown name.
func (c *Class) Function(name string) *Function {
	for _, f := range c.AllFunctions() {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Names returns the names of all members, sorted.
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

// Signature returns the function's name and parameters as the reference shows
// them. Optional parameters are in brackets, as in "connect(address [,
// options])".
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

// description holds the parsed annotations.
type description struct {
	modules, classes []*Class
	byName           map[string]*Class
	aliases          []*Alias
}

var model = sync.OnceValue(func() *description {
	d, err := read(Files())
	if err != nil {
		panic("luabind/api: " + err.Error()) // a test parses the annotations
	}
	return d
})
