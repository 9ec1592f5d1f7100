package http_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestPage(t *testing.T) { luatest.RunExamples(t, "../../../docs/reference/modules/http.md") }
