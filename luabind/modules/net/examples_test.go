package net_test

import (
	"testing"

	"spectrumlua/luabind/luatest"
)

func TestExamples(t *testing.T) { luatest.RunExamples(t, "../../../docs/modules/net.md") }
