package http_test

import (
	"testing"

	"spectrumlua/luabind/luatest"
)

func TestPage(t *testing.T) { luatest.RunExamples(t, "../../../docs/modules/http.md") }
