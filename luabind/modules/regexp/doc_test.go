package regexp_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestExamples(t *testing.T) { luatest.RunExamples(t, "../../../docs/reference/modules/regexp.md") }

func TestMisuse(t *testing.T) {
	luatest.Misuse(t, "spectrum.regexp", 10, `
local pattern = module.compile "(a)(?P<name>b)?"
for _, method in ipairs { "test", "match", "find", "captures", "find_all", "gmatch", "replace", "split" } do
  walk("pattern:" .. method, pattern[method], pattern)
end`)
}
