package sql_test

import (
	"testing"

	"spectrumlua/luabind/luatest"
)

func TestThePage(t *testing.T) {
	luatest.RunExamples(t, "../../../docs/modules/sql.md", "store=memory")
}
