package net_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestExamples(t *testing.T) { luatest.RunExamples(t, "../../../docs/reference/modules/net.md") }
