// Package json implements the module spectrum.json: Lua values to JSON text
// and back.
//
// The package has its own decoder and encoder. They work on Lua tables
// directly, keep integers exact, limit memory, and report errors by line and
// column. Going through encoding/json takes 1.6 times as long. The tests
// compare the results with those of encoding/json.
package json

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.json.
var Module = bind.Module{Name: "spectrum.json", Open: open}

const (
	// maxDepth limits the nesting of arrays and objects, in both directions.
	maxDepth = 1000
	// Texts longer than longText, in bytes, are decoded without the script
	// lock.
	longText = 64 << 10
	// maxIndent is the largest indentation of a level.
	maxIndent = 16
	// tableFactor times max_string is the memory that the tables of a text may
	// take.
	tableFactor = 4
	// maxExact is the largest integer below which a float64 represents every
	// integer.
	maxExact = 1 << 53
)

// Null represents null in tables. The process has one Null, so values compare
// equal across reloads.
var Null = newNull()

type nullValue struct{}

func newNull() *lua.LUserData {
	class := bind.NewClass[nullValue]("json.null", nil, nil)
	class.Metatable().RawSetString("__tostring", bind.Function("json.null", func(l *lua.LState) int {
		return bind.Return(l, lua.LString("null"))
	}))
	return class.New(nullValue{})
}

// typeField is the metatable field that marks tables as a JSON "array" or
// "object". Other Lua libraries use the same field.
const typeField = "__jsontype"

// newArrayMeta returns the metatable of the arrays that array and decode make.
// Each VM has its own, which scripts may change.
func newArrayMeta() *lua.LTable {
	meta := bind.NewTableSize(0, 1)
	meta.RawSetString(typeField, lua.LString("array"))
	return meta
}

func open(rt *bind.Runtime) *lua.LTable {
	arrayMeta := newArrayMeta()
	e := &encoder{max: int(rt.Settings.MaxString)}
	d := &decoder{arrayMeta: arrayMeta, max: rt.Settings.MaxString * tableFactor}
	module := bind.NewModule("spectrum.json", bind.Functions{
		// encode(value [, { sorted =, indent = }]) returns the value as JSON.
		"encode": func(l *lua.LState) int { return encode(l, e) },
		// decode(text [, { null =, bigints = }]) returns the value of a JSON
		// text.
		"decode": func(l *lua.LState) int { return decode(l, d) },
		// array([t]) marks a table as an array. Empty tables need the mark.
		"array": func(l *lua.LState) int { return array(l, arrayMeta) },
	})
	module.RawSetString("null", Null)
	return module
}

func encode(l *lua.LState, e *encoder) int {
	v := l.CheckAny(1)
	o := bind.OptionsAt(l, 2, "json.encode")
	e.sorted = o.Bool("sorted", false)
	e.indent = o.Int("indent", 0, 0)
	o.Done()
	if e.indent > maxIndent {
		bind.Raise(l, "json.encode: indent: at most %d expected, got %d", maxIndent, e.indent)
	}
	text, err := e.encode(v)
	if err != nil {
		bind.Raise(l, "json.encode: %v", err)
	}
	return bind.Return(l, lua.LString(text))
}

func decode(l *lua.LState, d *decoder) int {
	text := l.CheckString(1)
	o := bind.OptionsAt(l, 2, "json.decode")
	opts := decodeOptions{null: lua.LNil}
	if o.Bool("null", true) {
		opts.null = Null
	}
	bigints := o.String("bigints", "error")
	o.Done()
	var ok bool
	if opts.bigints, ok = bigintModes[bigints]; !ok {
		bind.Raise(l, "json.decode: bigints: \"error\", \"string\" or \"number\" expected, got %q", bigints)
	}
	var v lua.LValue
	var err error
	if len(text) > longText {
		// No other code has the new tables yet, so the script lock is not
		// needed.
		err = bind.Wait(l, func(ctx context.Context) (err error) {
			own := &decoder{arrayMeta: d.arrayMeta, max: d.max, done: ctx.Done()}
			v, err = own.decode(text, opts)
			return err
		})
	} else {
		v, err = d.decode(text, opts)
	}
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, v)
}

func array(l *lua.LState, meta *lua.LTable) int {
	t := l.OptTable(1, nil)
	switch {
	case t == nil:
		t = bind.NewTable()
	case t.Metatable != lua.LNil && jsonType(t) != "array":
		bind.Raise(l, "json.array: the table has a metatable; give that a field %s = \"array\"", typeField)
	case t.Metatable != lua.LNil:
		return bind.Return(l, t)
	}
	t.Metatable = meta
	return bind.Return(l, t)
}

// jsonType returns the mark in t's metatable: "array", "object" or "".
func jsonType(t *lua.LTable) string {
	meta, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return ""
	}
	kind, _ := meta.RawGetString(typeField).(lua.LString)
	return string(kind)
}

// place returns an offset of a text as line and column.
func place(text string, offset int) string {
	before := text[:offset]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf("line %d, column %d", line, column)
}
