package encoding_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestExamples(t *testing.T) {
	luatest.RunExamples(t, "../../../docs/reference/modules/encoding.md")
}

func TestMisuse(t *testing.T) { luatest.Misuse(t, "spectrum.encoding", 23, "") }
