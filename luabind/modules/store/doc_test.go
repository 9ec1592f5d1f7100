package store_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestThePage(t *testing.T) {
	luatest.RunExamples(t, "../../../docs/reference/modules/store.md", "store=memory")
}
