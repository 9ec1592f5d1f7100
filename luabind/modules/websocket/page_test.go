package websocket_test

import (
	"testing"

	"spectrumlua/luabind/luatest"
)

func TestPage(t *testing.T) { luatest.RunExamples(t, "../../../docs/modules/websocket.md") }
