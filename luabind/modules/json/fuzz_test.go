package json

import (
	stdjson "encoding/json"
	"reflect"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// toGo makes of a table what encoding/json makes of its text.
func toGo(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return float64(v)
	case lua.LBool:
		return bool(v)
	case *lua.LTable:
		if jsonType(v) == "array" {
			list := []any{}
			for i := 1; i <= v.Len(); i++ {
				list = append(list, toGo(v.RawGetInt(i)))
			}
			return list
		}
		object := map[string]any{}
		v.ForEach(func(k, v lua.LValue) { object[k.String()] = toGo(v) })
		return object
	}
	return nil
}

// FuzzDecode holds the decoder to what encoding/json takes and makes, and the
// encoder to what the decoder made.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		event, `[]`, `{}`, `null`, `[1,-0,1.5e3,12345678901234567890,1e400]`, `"\ud83d\ude00\ud800\u0041\/"`,
		"\"\xff\xc0\"", `{"a":{"a":[{"b":null}]},"a":1}`, " [\t1 , 2\r\n] ", `[1,]`, `{"a"}`, `truefalse`, "\"\x7f\x00\"",
		strings.Repeat("[", 1100), "\ufeff1", `-`, `.5`, `01`, `1.`, `1e`, `"\u00"`, `"`, "[\x0b1]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want any
		wantErr := stdjson.Unmarshal([]byte(strings.TrimPrefix(text, byteOrderMark)), &want)
		v, err := newDecoder().decode(text, decodeOptions{null: Null, bigints: bigintNumber})
		if err != nil && strings.Contains(err.Error(), "nested more than") {
			return
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("decode: %v, encoding/json: %v", err, wantErr)
		}
		if err != nil {
			return
		}
		if got := toGo(v); !reflect.DeepEqual(got, want) {
			t.Fatalf("decoded %#v, encoding/json %#v", got, want)
		}
		again, err := (&encoder{max: 1 << 30, sorted: true, indent: len(text) % 3}).encode(v)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		var back any
		if err := stdjson.Unmarshal([]byte(again), &back); err != nil {
			t.Fatalf("encoded %s: %v", again, err)
		}
		if !reflect.DeepEqual(back, want) {
			t.Fatalf("encoded %s, want %#v", again, want)
		}
	})
}
