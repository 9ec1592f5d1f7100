package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/luabind/api"
	"spectrumlua/runtime/schema"
)

// messages returns the table of all message types.
func messages() string {
	docs := docsOf("spectrum.MessageType")
	t := newTable("type", "sent by", "payload", "what it says")
	for _, typ := range schema.Types() {
		if typ.Internal {
			continue
		}
		payload := "–"
		switch {
		case typ.Raw:
			payload = "raw"
		case typ.Payload != nil:
			payload = link(typ.Payload.Descriptor)
		}
		doc := docs[typ.Name]
		for _, way := range []string{"To the script:", "From the script:"} {
			doc = strings.Replace(doc, way, "*"+way+"*", 1)
		}
		t.row(code(typ.Name), sender(typ), payload, inside(doc))
	}
	return t.String()
}

func sender(typ *schema.Type) string {
	switch {
	case typ.FromScript && typ.ToScript:
		return "both"
	case typ.FromScript:
		return "script"
	case typ.ToScript && typ.GatewayOnly:
		return "gateway"
	case typ.ToScript:
		return "Spectrum"
	}
	return "nobody"
}

func docsOf(alias string) map[string]string {
	docs := map[string]string{}
	for _, v := range api.FindAlias(alias).Values {
		docs[v.Name()] = v.Doc
	}
	return docs
}

// link returns a link to the part about a message or an enum.
func link(d protoreflect.Descriptor) string {
	name := string(d.Name())
	return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
}

// payloads returns a table for each payload and for each message within a payload.
func payloads() string {
	var parts []string
	eachMessage(func(m *schema.Message) {
		name := string(m.Descriptor.Name())
		class := api.FindClass("spectrum." + name)
		t := newTable("field", "type", "", "")
		for _, f := range m.Fields {
			t.row(code(f.Name), kind(f), need(f), inside(class.Field(f.Name).Doc))
		}
		parts = append(parts, "### "+name+"\n\n"+paragraph(class.Doc)+t.String())
	})
	return strings.Join(parts, "\n")
}

func paragraph(doc string) string {
	if doc == "" {
		return ""
	}
	return doc + "\n\n"
}

// eachMessage visits the payloads, each followed by the messages in it.
func eachMessage(fn func(m *schema.Message)) {
	seen := map[*schema.Message]bool{}
	var visit func(m *schema.Message)
	visit = func(m *schema.Message) {
		if m == nil || seen[m] || m.Descriptor.IsMapEntry() {
			return
		}
		seen[m] = true
		fn(m)
		for _, f := range m.Fields {
			visit(f.Message)
		}
	}
	for _, typ := range schema.Types() {
		if !typ.Internal {
			visit(typ.Payload)
		}
	}
}

// need returns the word for a field that is required or filled in.
func need(f *schema.Field) string {
	switch {
	case f.User:
		return "user"
	case f.Descriptor.Cardinality() == protoreflect.Required && !f.Flags:
		return "required"
	}
	return ""
}

var words = map[protoreflect.Kind]string{
	protoreflect.StringKind: "text",
	protoreflect.BytesKind:  "bytes",
	protoreflect.BoolKind:   "boolean",
	protoreflect.Int32Kind:  "number",
	protoreflect.Int64Kind:  "number",
	protoreflect.DoubleKind: "number",
}

// kind returns the type of a field for the table.
func kind(f *schema.Field) string {
	word, plural := words[f.Descriptor.Kind()], words[f.Descriptor.Kind()]+"s"
	switch {
	case f.Descriptor.IsMap():
		return "table of texts"
	case f.Flags:
		return "list of " + link(f.Enum.Descriptor)
	case f.Enum != nil:
		word = link(f.Enum.Descriptor)
		plural = word
	case f.Message != nil:
		word = link(f.Message.Descriptor)
		plural = word
	}
	if f.Descriptor.IsList() {
		return "list of " + plural
	}
	return word
}

// enums returns a table for each enum.
func enums() string {
	var parts []string
	seen := map[*schema.Enum]bool{}
	eachMessage(func(m *schema.Message) {
		for _, f := range m.Fields {
			if f.Enum == nil || seen[f.Enum] {
				continue
			}
			seen[f.Enum] = true
			name := string(f.Enum.Descriptor.Name())
			alias := api.FindAlias("spectrum." + name)
			parts = append(parts, "### "+name+"\n\n"+paragraph(alias.Doc)+values(alias))
		}
	})
	return strings.Join(parts, "\n")
}
