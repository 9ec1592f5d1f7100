package codegen_test

import (
	"runtime"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// TestTablesReserveWhatTheyHold measures the memory of small tables. gopher-lua reserves space
// for 32 items, which takes 512 bytes, and for 32 fields, which takes 2.4 kB, if a constructor does not tell how many there will be.
func TestTablesReserveWhatTheyHold(t *testing.T) {
	const tables = 1000
	for _, c := range []struct {
		name, body string
		most       uint64 // bytes
	}{
		{"a field of an empty table", "local t = {} t.a = i", 1200},
		{"an item of an empty table", "local t = {} t[1] = i", 400},
		{"a constructor with few fields", "local t = { a = i }", 1200},
		{"fields that are nil", "local t = { a = i, " + repeated(100, ", ", func(i int) string { return variable(i) + " = nil" }) + " }", 1200},
	} {
		t.Run(c.name, func(t *testing.T) {
			proto, err := compile("for i = 1, 1000 do " + c.body + " end")
			if err != nil {
				t.Fatal(err)
			}
			l := lua.NewState()
			defer l.Close()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			l.Push(l.NewFunctionFromProto(proto))
			l.Call(0, 0)
			runtime.ReadMemStats(&after)
			if got := (after.TotalAlloc - before.TotalAlloc) / tables; got > c.most {
				t.Errorf("%d bytes for each table, want at most %d", got, c.most)
			}
		})
	}
}
