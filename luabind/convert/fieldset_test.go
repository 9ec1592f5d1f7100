package convert

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/encoding/protowire"

	"spectrumlua/luabind/table"
	"spectrumlua/runtime/schema"
)

// keysOf returns the keys of a table in the order of a script.
func keysOf(t *lua.LTable) string {
	var keys []string
	for k, _ := table.Next(t, lua.LNil); k != lua.LNil; k, _ = table.Next(t, k) {
		keys = append(keys, k.String())
	}
	return strings.Join(keys, " ")
}

func TestKeysHaveTheOrderOfThePayload(t *testing.T) {
	for _, names := range []string{
		"user_name buddy_name message",
		"message user_name buddy_name", // not the order of the numbers
		"user_name message buddy_name id",
		"user_name buddy_name message nickname xhtml id",
	} {
		for range 2 { // the second time, the shape is known
			var payload []byte
			for _, name := range strings.Fields(names + " user_name") { // the last value replaces the first one
				payload = protowire.AppendTag(payload, benchMessage.Field(name).Number, protowire.BytesType)
				payload = protowire.AppendString(payload, fmt.Sprint(name, len(payload)))
			}
			decoded, err := Decode(benchMessage, string(payload), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := keysOf(decoded); got != names {
				t.Errorf("got  %s\nwant %s", got, names)
			}
			if got := decoded.RawGetString("user_name").String(); !strings.HasPrefix(got, "user_name") || got == "user_name0" && names[:1] == "u" {
				t.Errorf("%s: the name is %s", names, got)
			}
		}
	}
}

func TestAnyNumberOfFields(t *testing.T) {
	message := &schema.Message{}
	for i := range schema.MaxFields {
		message.Fields = append(message.Fields, &schema.Field{Name: fmt.Sprint("field", i), Index: i})
	}
	small := &schema.Message{Fields: message.Fields[:inlineFields]}
	defer func(before []*table.Fields) { fieldsOf = before }(fieldsOf)
	fieldsOf = []*table.Fields{table.NewFields(small.FieldNames()...)}
	for _, m := range []*schema.Message{message, small} {
		for step := 1; step < 80; step++ {
			var set fieldSet
			set.begin(m)
			var want []string
			for i := step % 7; i < len(m.Fields); i += step {
				set.set(m.Fields[i], lua.LNumber(i))
				want = append(want, m.Fields[i].Name)
			}
			if step%3 == 0 {
				set.set(m.Fields[0], lua.LTrue)
				if !slices.Contains(want, "field0") {
					want = append(want, "field0")
				}
			}
			if got := keysOf(set.table()); got != strings.Join(want, " ") {
				t.Errorf("step %d: got %s, want %v", step, got, want)
			}
		}
	}
}
