// Command protoc-gen-luals is a plugin of protoc and buf. It writes pb/protocol.proto as
// annotations for the Lua Language Server. `make generate` runs it.
package main

import (
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// output is the name of the generated file.
const output = "protocol.lua"

func main() {
	protogen.Options{}.Run(func(plugin *protogen.Plugin) error {
		docs := comments{}
		for _, file := range plugin.Files {
			if !file.Generate {
				continue
			}
			docs.read(file.Messages, file.Enums)
			_, err := plugin.NewGeneratedFile(output, file.GoImportPath).Write([]byte(annotations(docs)))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// comments holds the comments of the file by the full names of their elements.
type comments map[protoreflect.FullName]string

func (c comments) read(messages []*protogen.Message, enums []*protogen.Enum) {
	for _, e := range enums {
		c[e.Desc.FullName()] = string(e.Comments.Leading)
		for _, v := range e.Values {
			c[valueName(v.Desc)] = string(v.Comments.Leading)
		}
	}
	for _, m := range messages {
		c[m.Desc.FullName()] = string(m.Comments.Leading)
		for _, f := range m.Fields {
			c[f.Desc.FullName()] = string(f.Comments.Leading)
		}
		c.read(m.Messages, m.Enums)
	}
}

// valueName returns the full name of an enum value within its enum. The full names of
// protobuf leave the enum out.
func valueName(v protoreflect.EnumValueDescriptor) protoreflect.FullName {
	return v.Parent().FullName().Append(v.Name())
}
