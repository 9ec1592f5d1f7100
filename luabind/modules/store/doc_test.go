package store_test

import (
	"testing"

	"spectrumlua/luabind/luatest"
)

func TestThePage(t *testing.T) {
	luatest.RunExamples(t, "../../../docs/modules/store.md", "store=memory")
}
