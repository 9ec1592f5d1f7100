package json

import (
	stdjson "encoding/json"
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// event is what a chat network sends for a message.
const event = `{"op":0,"s":42,"t":"MESSAGE_CREATE","d":{"id":"1203049582734958273","channel_id":"918273645546372819",` +
	`"author":{"id":"102938475656473829","username":"juliet","global_name":"Juliet","bot":false,"avatar":null},` +
	`"content":"O Romeo, Romeo, wherefore art thou Romeo?","timestamp":"2024-02-14T20:15:30.123000+00:00",` +
	`"edited_timestamp":null,"tts":false,"mention_everyone":false,"mentions":[],"mention_roles":["1","2"],` +
	`"attachments":[{"id":"55","filename":"balcony.jpg","size":104857,"width":1920,"height":1080}],` +
	`"embeds":[],"reactions":[{"count":3,"me":true,"emoji":{"id":null,"name":"\u2764\ufe0f"}}],"pinned":false,"type":0}}`

var benchTexts = map[string]string{
	"event":    event,
	"timeline": "[" + strings.Repeat(event+",", 999) + event + "]",
	"numbers":  "[" + strings.Repeat("12345, -0.5, 3.25e-3, ", 9999) + "1]",
}

func newDecoder() *decoder { return &decoder{arrayMeta: newArrayMeta(), max: 1 << 40} }

var defaults = decodeOptions{null: Null}

// BenchmarkDecode sets the decoder beside encoding/json, which makes Go maps
// and not yet tables.
func BenchmarkDecode(b *testing.B) {
	for name, text := range benchTexts {
		b.Run(fmt.Sprintf("of=%s/by=decoder", name), func(b *testing.B) {
			d := newDecoder()
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.decode(text, defaults); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("of=%s/by=encoding-json", name), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				var v any
				if err := stdjson.Unmarshal([]byte(text), &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode encodes what BenchmarkDecode has decoded.
func BenchmarkEncode(b *testing.B) {
	for name, text := range benchTexts {
		v, err := newDecoder().decode(text, defaults)
		if err != nil {
			b.Fatal(err)
		}
		for _, sorted := range []bool{false, true} {
			b.Run(fmt.Sprintf("of=%s/sorted=%v", name, sorted), func(b *testing.B) {
				e := &encoder{max: 1 << 30, sorted: sorted}
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := e.encode(v); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

var _ lua.LValue = Null
