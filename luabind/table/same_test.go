package table_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/source"
	"spectrumlua/luabind/stdlib"
	"spectrumlua/luabind/table"
)

// operations is a Lua function that does to a table what the bytes of a string say, and
// returns a log of what it sees.
const operations = `
local keys = { "a", "b", "c", "d", "e", "f", "g", 1, 2, 3, 5, 1.5, -1, 0, true, false }
return function(t, text)
  local log, at, steps = {}, 0, 0
  local function byte() at = at + 1 return text:byte(at) or 0 end
  local function key() return keys[byte() % #keys + 1] end
  local function value()
    local n = byte() % 4
    if n > 0 then return "v" .. n end
  end
  local function show(...)
    for i = 1, select("#", ...) do log[#log + 1] = tostring((select(i, ...))) end
  end
  local function few() steps = steps + 1 return steps < 1000 end
  local ops = {
    function() t[key()] = value() end,
    function() t.a, t.b = value(), t.c end,
    function() t.d = value() end,
    function() rawset(t, key(), value()) end,
    function() show(t[key()], t.a, t.b, t.c, rawget(t, key())) end,
    function() for k, v in pairs(t) do show(k, v) end end,
    function() for k, v in pairs(t) do show(k, v) if byte() % 2 == 0 then t[k] = value() end end end,
    function() for k in pairs(t) do show(k) t[k] = nil end end,
    function() for k, v in next, t do show(k, v) if not few() then break end t[key()] = value() end end,
    function() show(pcall(next, t, key())) end,
    function() show(next(t)) end,
    function() show(#t, table.maxn(t), pcall(unpack, t)) end,
    function() table.insert(t, value() or "v") end,
    function() show(table.remove(t)) show(table.remove(t, 1)) end,
    function() show(table.foreach(t, function(k, v) show(k, v) if byte() % 4 == 0 then t[k] = nil end end)) end,
    function() show(pcall(table.concat, t, ",")) end,
    function() show(pcall(table.sort, t)) end,
    function() show(look(t)) end,
    function() local copy = {} for k, v in pairs(t) do copy[k] = v end for k, v in pairs(copy) do show(k, v) end end,
    function()
      t = setmetatable(t, { __newindex = function(_, k, v) show("new", k) rawset(t, k, v) end, __index = function(_, k) return "no " .. tostring(k) end })
      t[key()] = value()
      show(t[key()])
      setmetatable(t, nil)
    end,
  }
  while at < #text do ops[byte() % #ops + 1]() end
  for k, v in pairs(t) do show(k, v) end
  return table.concat(log, " ")
end`

// look returns what Go code sees of a table.
func look(l *lua.LState) int {
	t := l.CheckTable(1)
	var each, all []string
	t.ForEach(func(k, v lua.LValue) { each = append(each, k.String()+"="+v.String()) })
	for k, v := range table.All(t) {
		all = append(all, k.String()+"="+v.String())
	}
	slices.Sort(each) // ForEach has no order
	l.Push(lua.LString(fmt.Sprint(each, all, table.First(t), t.Len(), t.MaxN())))
	return 1
}

type comparer struct {
	l    *lua.LState
	work *lua.LFunction
}

func newComparer(t testing.TB) *comparer {
	t.Helper()
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	t.Cleanup(l.Close)
	stdlib.Open(l, stdlib.Options{MaxString: 1 << 20})
	l.SetGlobal("look", l.NewFunction(look))
	_, proto, problem := source.Compile("operations", operations)
	if problem != nil {
		t.Fatal(problem)
	}
	l.Push(l.NewFunctionFromProto(proto))
	l.Call(0, 1)
	c := &comparer{l, l.Get(-1).(*lua.LFunction)}
	l.SetTop(0)
	return c
}

func (c *comparer) run(t testing.TB, table *lua.LTable, text string) string {
	t.Helper()
	defer c.l.SetTop(0)
	err := c.l.CallByParam(lua.P{Fn: c.work, NRet: 1, Protect: true}, table, lua.LString(text))
	if err != nil {
		return err.Error()
	}
	return c.l.Get(-1).String()
}

// compare makes a table of this package and an ordinary one, does the same to both, and compares
// what a script sees. The first byte of the text says which fields there are, the second
// one which of them are nil.
func (c *comparer) compare(t testing.TB, text string) {
	t.Helper()
	if len(text) < 2 {
		return
	}
	var names []string
	var values []lua.LValue
	ordinary := c.l.CreateTable(0, 1)
	for i, name := range strings.Split("a b c d e f", " ") {
		if text[0]&(1<<i) == 0 {
			continue
		}
		v := lua.LValue(lua.LString("first " + name))
		if text[1] >= 128 && text[1]&(1<<i) != 0 {
			v = lua.LNil
		}
		names, values = append(names, name), append(values, v)
	}
	if text[0]&64 != 0 {
		slices.Reverse(names)
	}
	for i, name := range names {
		ordinary.RawSetString(name, values[i])
	}
	ours := table.NewFields(names...).New(values)
	got, want := c.run(t, ours, text[2:]), c.run(t, ordinary, text[2:])
	if got != want {
		t.Fatalf("%q\ngot  %s\nwant %s", text, got, want)
	}
}

func randomText(r *rand.Rand) string {
	text := make([]byte, 2+r.IntN(40))
	for i := range text {
		text[i] = byte(r.Uint32())
	}
	return string(text)
}

func TestTablesBehaveLikeOrdinaryOnes(t *testing.T) {
	c := newComparer(t)
	for seed := range uint64(2000) {
		c.compare(t, randomText(rand.New(rand.NewPCG(seed, 0))))
	}
}

func TestTablesAreOrdinaryWithoutSupport(t *testing.T) {
	c := newComparer(t)
	table.WithoutSupport(func() {
		for seed := range uint64(500) {
			c.compare(t, randomText(rand.New(rand.NewPCG(seed, 1))))
		}
		one := table.NewFields("a", "b").New([]lua.LValue{lua.LTrue, lua.LFalse})
		if k, v := one.Next(lua.LNil); k != lua.LString("a") || v != lua.LTrue { // fails for other tables
			t.Errorf("Next: %v, %v", k, v)
		}
	})
}

func FuzzTable(f *testing.F) {
	c := newComparer(f)
	for seed := range uint64(20) {
		f.Add(randomText(rand.New(rand.NewPCG(seed, 2))))
	}
	f.Fuzz(func(t *testing.T, text string) { c.compare(t, text) })
}
