package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/convert"
	"spectrumlua/luabind/source"
	"spectrumlua/runtime/schema"
)

// tableTimeout limits the evaluation of a typed table.
const tableTimeout = time.Second

// payloadOf returns the payload for typed fields, or nil for a type without payload. It
// adds the user's name if the fields lack it.
func payloadOf(typ *schema.Type, text, jid string) ([]byte, error) {
	switch {
	case typ.Raw:
		return []byte(text), nil
	case typ.Payload == nil && text != "":
		return nil, errors.New("the type has no fields")
	case typ.Payload == nil:
		return nil, nil
	case text == "":
		text = "{}"
	}
	table, err := readTable(text)
	if err != nil {
		return nil, err
	}
	for _, f := range typ.Payload.Fields {
		if f.User && table.RawGetString(f.Name) == lua.LNil {
			table.RawSetString(f.Name, lua.LString(jid))
		}
	}
	return convert.Encode([]byte{}, typ.Payload, table, "")
}

// readTable reads a Lua table or a JSON object.
func readTable(text string) (*lua.LTable, error) {
	if !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") {
		return nil, errors.New("write the fields in braces, for example { buddy_name = \"echo\" }")
	}
	if json.Valid([]byte(text)) {
		return jsonTable(text)
	}
	return luaTable(text)
}

// luaTable evaluates the text of a table, without any library.
func luaTable(text string) (*lua.LTable, error) {
	_, proto, problem := source.Compile("fields", "return "+text)
	if problem != nil {
		return nil, fmt.Errorf("the fields are not a Lua table: %s", problem.Text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), tableTimeout)
	defer cancel()
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	l.SetContext(ctx)
	l.Push(l.NewFunctionFromProto(proto))
	if err := l.PCall(0, 1, nil); err != nil {
		var api *lua.ApiError
		if errors.As(err, &api) {
			return nil, errors.New(api.Object.String())
		}
		return nil, err
	}
	table, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		return nil, errors.New("the fields are not a table")
	}
	return table, nil
}

func jsonTable(text string) (*lua.LTable, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("the fields are not a JSON object: %w", err)
	}
	return jsonValue(object).(*lua.LTable), nil
}

func jsonValue(v any) lua.LValue {
	switch v := v.(type) {
	case string:
		return lua.LString(v)
	case float64:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	case []any:
		table := &lua.LTable{Metatable: lua.LNil}
		for _, item := range v {
			table.Append(jsonValue(item))
		}
		return table
	case map[string]any:
		table := &lua.LTable{Metatable: lua.LNil}
		for key, item := range v {
			table.RawSetString(key, jsonValue(item))
		}
		return table
	}
	return lua.LNil
}
