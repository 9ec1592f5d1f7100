package files_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestThePage(t *testing.T) {
	luatest.RunExamples(t, "../../../docs/reference/modules/files.md", "[files]\nlisten=127.0.0.1:0")
}
