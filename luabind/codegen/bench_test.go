package codegen_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/codegen"
)

// BenchmarkCompile compares Compile with gopher-lua's compiler for the scripts of the
// IRC transport, without parsing.
func BenchmarkCompile(b *testing.B) {
	paths, err := filepath.Glob("../../scripts/irc/*.lua")
	if err != nil || len(paths) == 0 {
		b.Fatal("no scripts", err)
	}
	var chunks [][]ast.Stmt
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		chunk, err := parse.Parse(strings.NewReader(string(text)), path)
		if err != nil {
			b.Fatal(err)
		}
		chunks = append(chunks, chunk)
	}
	compile := func(b *testing.B, compile func([]ast.Stmt, string) (*lua.FunctionProto, error)) {
		b.ReportAllocs()
		for b.Loop() {
			for i, chunk := range chunks {
				if _, err := compile(chunk, paths[i]); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("ours", func(b *testing.B) {
		compile(b, func(chunk []ast.Stmt, name string) (*lua.FunctionProto, error) {
			return codegen.Compile(chunk, codegen.Options{Name: name})
		})
	})
	b.Run("gopher-lua", func(b *testing.B) { compile(b, lua.Compile) })
}
