package bytes

import (
	"fmt"
	"math/bits"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// bitFunctions are operations on 32 bits. Arguments are integers modulo 2^32, and
// results are unsigned.
func bitFunctions() bind.Functions {
	return bind.Functions{
		"band": fold(^uint32(0), func(a, b uint32) uint32 { return a & b }),
		"bor":  fold(0, func(a, b uint32) uint32 { return a | b }),
		"bxor": fold(0, func(a, b uint32) uint32 { return a ^ b }),
		"bnot": func(l *lua.LState) int { return word(l, ^checkWord(l, 1)) },
		"lshift": shift(func(x uint32, n int) uint32 {
			if n < 0 {
				return x >> -n
			}
			return x << n
		}),
		"rshift": shift(func(x uint32, n int) uint32 {
			if n < 0 {
				return x << -n
			}
			return x >> n
		}),
		"arshift": shift(func(x uint32, n int) uint32 {
			if n < 0 {
				return x << -n
			}
			return uint32(int32(x) >> n) // two's complement
		}),
		"rol": shift(func(x uint32, n int) uint32 { return bits.RotateLeft32(x, n&31) }),
		"ror": shift(func(x uint32, n int) uint32 { return bits.RotateLeft32(x, -(n & 31)) }),
	}
}

// fold returns a function of any number of arguments.
func fold(result uint32, f func(a, b uint32) uint32) lua.LGFunction {
	return func(l *lua.LState) int {
		all := result
		for i := 1; i <= l.GetTop(); i++ {
			all = f(all, checkWord(l, i))
		}
		return word(l, all)
	}
}

// shift returns a function of an integer and a number of bits.
func shift(f func(x uint32, n int) uint32) lua.LGFunction {
	return func(l *lua.LState) int {
		return word(l, f(checkWord(l, 1), bind.CheckInteger(l, 2, -maxExact, maxExact)))
	}
}

func word(l *lua.LState, x uint32) int { return bind.Return(l, lua.LNumber(x)) }

// checkWord returns argument n modulo 2^32.
func checkWord(l *lua.LState, n int) uint32 {
	i, ok := bind.Integer(l.CheckNumber(n), -maxExact, maxExact)
	if !ok {
		l.ArgError(n, fmt.Sprintf("integer up to 2^53 expected, got %v", l.Get(n)))
	}
	return uint32(i)
}
