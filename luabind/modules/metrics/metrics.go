// Package metrics implements the module spectrum.metrics: counters, gauges and histograms
// that the program shows with its own metrics.
package metrics

import (
	"fmt"
	"math"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/table"
	"spectrumlua/runtime/metrics"
)

// Module is spectrum.metrics.
var Module = bind.Module{Name: "spectrum.metrics", Open: open}

func open(*bind.Runtime) *lua.LTable {
	return bind.NewModule("spectrum.metrics", bind.Functions{
		"counter": func(l *lua.LState) int { return bind.Return(l, counterClass.New(&counter{define(l, metrics.Counter)})) },
		"gauge":   func(l *lua.LState) int { return bind.Return(l, gaugeClass.New(&gauge{define(l, metrics.Gauge)})) },
		"histogram": func(l *lua.LState) int {
			return bind.Return(l, histogramClass.New(&histogram{define(l, metrics.Histogram)}))
		},
	})
}

// counter, gauge and histogram are metrics as scripts hold them. They belong to the process,
// so they work in every VM.
type (
	counter   struct{ *metrics.Custom }
	gauge     struct{ *metrics.Custom }
	histogram struct{ *metrics.Custom }
)

// define is counter, gauge or histogram(name, help [, options]).
func define(l *lua.LState, typ metrics.Type) *metrics.Custom {
	rt := bind.RuntimeOf(l)
	d := metrics.Definition{Name: l.CheckString(1), Help: l.CheckString(2), Type: typ, Owner: rt}
	o := bind.OptionsAt(l, 3, string(typ))
	d.Labels = o.Strings("labels")
	if typ == metrics.Histogram {
		d.Buckets = buckets(l, o.Table("buckets"))
	}
	o.Done()
	c, err := rt.Metrics.Define(d)
	if err != nil {
		bind.Raise(l, "%v", err)
	}
	return c
}

// buckets returns the numbers in a list, or nil without a list.
func buckets(l *lua.LState, list *lua.LTable) []float64 {
	if list == nil {
		return nil
	}
	all := []float64{}
	for i := 1; i <= list.Len(); i++ {
		n, ok := list.RawGetInt(i).(lua.LNumber)
		if !ok {
			bind.Raise(l, "histogram: buckets: list of numbers expected, got %s", bind.Describe(list.RawGetInt(i)))
		}
		all = append(all, float64(n))
	}
	return all
}

var counterClass = bind.NewClass("counter", map[string]func(l *lua.LState, c *counter) int{
	// add([n [, labels]])
	"add": func(l *lua.LState, c *counter) int {
		n := value(l, 2, 1)
		if n < 0 {
			l.ArgError(2, "number of 0 or more expected: a counter never decreases")
		}
		c.Add(n, labels(l, 3, c.Custom))
		return 0
	},
}, map[string]func(l *lua.LState, c *counter) lua.LValue{
	"name": func(_ *lua.LState, c *counter) lua.LValue { return nameOf(c.Custom) },
})

var gaugeClass = bind.NewClass("gauge", map[string]func(l *lua.LState, g *gauge) int{
	// set(value [, labels])
	"set": func(l *lua.LState, g *gauge) int {
		l.CheckNumber(2)
		g.Set(value(l, 2, 0), labels(l, 3, g.Custom))
		return 0
	},
	// add([n [, labels]])
	"add": func(l *lua.LState, g *gauge) int {
		g.Add(value(l, 2, 1), labels(l, 3, g.Custom))
		return 0
	},
	// remove(labels)
	"remove": func(l *lua.LState, g *gauge) int {
		return bind.Return(l, lua.LBool(g.Remove(labels(l, 2, g.Custom))))
	},
}, map[string]func(l *lua.LState, g *gauge) lua.LValue{
	"name": func(_ *lua.LState, g *gauge) lua.LValue { return nameOf(g.Custom) },
})

var histogramClass = bind.NewClass("histogram", map[string]func(l *lua.LState, h *histogram) int{
	// observe(value [, labels])
	"observe": func(l *lua.LState, h *histogram) int {
		l.CheckNumber(2)
		h.Observe(value(l, 2, 0), labels(l, 3, h.Custom))
		return 0
	},
}, map[string]func(l *lua.LState, h *histogram) lua.LValue{
	"name": func(_ *lua.LState, h *histogram) lua.LValue { return nameOf(h.Custom) },
})

func nameOf(c *metrics.Custom) lua.LValue { return lua.LString(c.Name()) }

// value returns argument n, a finite number, or a default.
func value(l *lua.LState, n int, otherwise float64) float64 {
	v := float64(l.OptNumber(n, lua.LNumber(otherwise)))
	if math.IsNaN(v) || math.IsInf(v, 0) {
		l.ArgError(n, fmt.Sprintf("finite number expected, got %v", l.Get(n)))
	}
	return v
}

// labels returns the values of the labels in argument n, in the order of the metric's
// definition.
func labels(l *lua.LState, n int, c *metrics.Custom) []string {
	names := c.Labels()
	given := l.OptTable(n, nil)
	if given == nil {
		if len(names) > 0 {
			l.ArgError(n, fmt.Sprintf("table with the labels of %s expected", c.Name()))
		}
		return nil
	}
	for k, _ := table.Next(given, lua.LNil); k != lua.LNil; k, _ = table.Next(given, k) {
		if name, ok := k.(lua.LString); !ok || !slices.Contains(names, string(name)) {
			bind.Raise(l, "%s has no label %s%s", c.Name(), bind.QuoteKey(k), bind.DidYouMean(k.String(), names))
		}
	}
	values := make([]string, len(names))
	for i, name := range names {
		switch v := given.RawGetString(name).(type) {
		case lua.LString, lua.LNumber, lua.LBool:
			values[i] = v.String()
		default:
			bind.Raise(l, "%s: label %s: string, number or boolean expected, got %s", c.Name(), name, bind.Describe(v))
		}
	}
	return values
}
