package stdlib

import (
	"math"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

func (lib *Library) openMath() *lua.LTable {
	fns := functions{
		"fmod":       leaf(mathFmod),
		"mod":        leaf(mathFmod),
		"frexp":      leaf(mathFrexp),
		"ldexp":      leaf(mathLdexp),
		"log":        leaf(mathLog),
		"max":        leaf(func(c call) int { return extreme(c, func(a, b float64) bool { return a > b }) }),
		"min":        leaf(func(c call) int { return extreme(c, func(a, b float64) bool { return a < b }) }),
		"modf":       leaf(mathModf),
		"random":     leaf(lib.mathRandom),
		"randomseed": leaf(lib.mathRandomSeed),
	}
	for name, f := range map[string]func(float64) float64{
		"abs": math.Abs, "ceil": math.Ceil, "exp": math.Exp, "floor": math.Floor, "log10": math.Log10, "sqrt": math.Sqrt,
		"acos": math.Acos, "asin": math.Asin, "atan": math.Atan, "cos": math.Cos, "cosh": math.Cosh,
		"sin": math.Sin, "sinh": math.Sinh, "tan": math.Tan, "tanh": math.Tanh,
		"deg": func(x float64) float64 { return x * (180 / math.Pi) },
		"rad": func(x float64) float64 { return x * (math.Pi / 180) },
	} {
		fns[name] = leaf(func(c call) int { return c.ret(lua.LNumber(f(c.number(1)))) })
	}
	for name, f := range map[string]func(x, y float64) float64{"atan2": math.Atan2, "pow": math.Pow} {
		fns[name] = leaf(func(c call) int { return c.ret(lua.LNumber(f(c.number(1), c.number(2)))) })
	}
	table := lib.newTable("math", fns)
	table.RawSetString("pi", lua.LNumber(math.Pi))
	table.RawSetString("huge", lua.LNumber(math.Inf(1)))
	return table
}

func mathFmod(c call) int { return c.ret(lua.LNumber(math.Mod(c.number(1), c.number(2)))) }

func mathFrexp(c call) int {
	fraction, exponent := math.Frexp(c.number(1))
	return c.ret(lua.LNumber(fraction), lua.LNumber(exponent))
}

func mathLdexp(c call) int {
	exponent := max(min(c.integer(2), math.MaxInt32), math.MinInt32)
	return c.ret(lua.LNumber(math.Ldexp(c.number(1), exponent)))
}

// mathLog accepts a base, as later versions of Lua do.
func mathLog(c call) int {
	x := c.number(1)
	if !c.given(2) {
		return c.ret(lua.LNumber(math.Log(x)))
	}
	switch base := c.number(2); base {
	case 2:
		return c.ret(lua.LNumber(math.Log2(x)))
	case 10:
		return c.ret(lua.LNumber(math.Log10(x)))
	default:
		return c.ret(lua.LNumber(math.Log(x) / math.Log(base)))
	}
}

func mathModf(c call) int {
	x := c.number(1)
	if math.IsInf(x, 0) {
		return c.ret(lua.LNumber(x), lua.LNumber(0))
	}
	whole, fraction := math.Modf(x)
	return c.ret(lua.LNumber(whole), lua.LNumber(fraction))
}

// extreme returns the largest or smallest argument, by the function beyond.
func extreme(c call, beyond func(a, b float64) bool) int {
	best := c.number(1)
	for i := 2; i <= c.l.GetTop(); i++ {
		if x := c.number(i); beyond(x, best) {
			best = x
		}
	}
	return c.ret(lua.LNumber(best))
}

// mathRandom implements math.random. The first seed is random. After randomseed, equal
// seeds give equal numbers. All users share one generator.
func (lib *Library) mathRandom(c call) int {
	if lib.random == nil {
		lib.random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	r := lib.random.Float64()
	low, high := 1.0, 0.0
	switch c.l.GetTop() {
	case 0:
		return c.ret(lua.LNumber(r))
	case 1:
		high = math.Trunc(c.number(1))
	case 2:
		low, high = math.Trunc(c.number(1)), math.Trunc(c.number(2))
	default:
		c.raise("wrong number of arguments")
	}
	if !(low <= high) {
		c.argError(c.l.GetTop(), "interval is empty")
	}
	return c.ret(lua.LNumber(math.Floor(r*(high-low+1)) + low))
}

func (lib *Library) mathRandomSeed(c call) int {
	lib.random = rand.New(rand.NewPCG(math.Float64bits(c.number(1)), 0))
	return 0
}
