package crypto_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestExamples(t *testing.T) { luatest.RunExamples(t, "../../../docs/reference/modules/crypto.md") }

func TestMisuse(t *testing.T) {
	luatest.Misuse(t, "spectrum.crypto", 18, `
for _, method in ipairs { "first", "final", "verify" } do
  local client = module.scram_client { username = "u", password = "p" }
  walk("client:" .. method, client[method], client)
end`)
}
