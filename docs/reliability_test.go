package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest   = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	namedFolder = regexp.MustCompile("`([a-z0-9_]+(?:/[a-z0-9_]+)*)`")
)

// TestReliabilityPageNamesTestsThatExist looks for each test that the reliability page names, in the
// folder that the page names before it.
func TestReliabilityPageNamesTestsThatExist(t *testing.T) {
	found := 0
	for _, line := range strings.Split(read(t, "docs/admin/reliability.md"), "\n") {
		folder := ""
		for _, word := range regexp.MustCompile("`[^`]+`").FindAllString(line, -1) {
			if m := namedFolder.FindStringSubmatch(word); m != nil {
				if info, err := os.Stat(filepath.Join("..", m[1])); err == nil && info.IsDir() {
					folder = m[1]
				}
			}
			m := namedTest.FindStringSubmatch(word)
			if m == nil || folder == "" {
				continue
			}
			found++
			if !hasFunction(t, filepath.Join("..", folder), m[1]) {
				t.Errorf("docs/admin/reliability.md names %s, which %s lacks", m[1], folder)
			}
		}
	}
	if found < 50 {
		t.Errorf("docs/admin/reliability.md names %d tests, but at least 50 are expected", found)
	}
}

func hasFunction(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}

// TestReliabilityPageHasTheLimitsOfTheCode compares the page's numbers with the constants of the code.
func TestReliabilityPageHasTheLimitsOfTheCode(t *testing.T) {
	page := read(t, "docs/admin/reliability.md")
	cases := []struct{ file, constant, row string }{
		{"runtime/wire/wire.go", "DefaultMaxFrame = 16 << 20", "| length of a frame | 16 MiB"},
		{"runtime/link/link.go", "DefaultMaxQueue     = 4 << 20", "| bytes queued for Spectrum | 4 MiB"},
		{"runtime/link/link.go", "DefaultWriteTimeout = 60 * time.Second", "| Spectrum reads nothing | 60 s"},
		{"runtime/link/link.go", "DefaultPulse        = 5 * time.Second", "| silence towards Spectrum while reading is paused | 5 to 10 s"},
		{"runtime/link/outbox.go", "maxUrgent = 64 << 10", "| PONG and STATS that Spectrum does not read | 64 KiB"},
		{"runtime/link/outbox.go", "chunkSize = 64 << 10", "| bytes ahead of a PONG | one write of 64 KiB"},
		{"runtime/link/dial.go", "dialTimeout = 10 * time.Second", "| connecting to Spectrum | 10 s"},
		{"runtime/config/options.go", `{"max_queue", KindCount, "10000"`, "| messages waiting for one user | 10,000"},
		{"runtime/config/options.go", `{"handler_timeout", KindSeconds, "10"`, "| a handler that computes without waiting | 10 s"},
		{"runtime/config/options.go", `{"max_string", KindBytes, "64M"`, "| a string of a function or of `..` | 64 MiB"},
		{"runtime/config/options.go", `{"memory_limit", KindBytes, "0"`, "| memory | none"},
		{"runtime/gateway/router/router.go", "maxUserStanzas = 10_000", "| stanzas that wait for the handlers of one user | 10,000 and"},
		{"runtime/gateway/router/router.go", "maxUserBytes = 6 << 20", "| stanzas that wait for the handlers of one user | 10,000 and 6 MiB"},
		{"luabind/host.go", "maxQueueBytes = 64 << 20", "| bytes waiting for all users | 64 MiB"},
		{"luabind/backend/backend.go", "WatchdogGrace = 5 * time.Second", "| a script that does not stop then | 5 s"},
		{"luabind/reload_vm.go", "loadTimeout = time.Minute", "| loading | 60 s"},
		{"luabind/vm.go", "maxCallDepth    = 2000", "| nested calls | 2,000"},
		{"luabind/stdlib/stdlib.go", "maxList = 1 << 20", "| a list | 1,048,576"},
		{"luabind/source/compile.go", "maxFile = 4 << 20", "| source text | 4 MiB"},
		{"luabind/convert/text.go", "MaxStanza = 512<<10 - 8<<10", "| a message to Spectrum | 504 KiB"},
		{"luabind/modules/net/net.go", "defaultTimeout = 30 * time.Second", "| a connection, its TLS handshake included | 30 s"},
		{"luabind/modules/net/conn.go", "defaultStall = 60 * time.Second", "| a peer that does not read | 60 s"},
		{"luabind/modules/net/names.go", "lookupTimeout = 10 * time.Second", "| resolving a name | 10 s"},
		{"luabind/modules/net/proxy.go", "maxAnswer = 64 << 10", "| a proxy's answer | 64 KiB"},
		{"luabind/stream/reader.go", "defaultLine = 64 << 10", "| a line | 64 KiB"},
		{"luabind/modules/http/http.go", "defaultTimeout   = 30 * time.Second", "| an HTTP request, from resolving the name to the end of the body | 30 s"},
		{"luabind/modules/http/http.go", "defaultMaxSize   = 16 << 20", "| body of a response, decompressed | 16 MiB"},
		{"luabind/modules/http/http.go", "defaultRedirects = 10", "| redirects | 10;"},
		{"luabind/modules/http/pool.go", "maxHeader        = 256 << 10", "| header of a response | 256 KiB"},
		{"luabind/modules/http/serve.go", "defaultMaxBody     = 1 << 20", "| body of a request to `http.serve` | 1 MiB"},
		{"luabind/modules/http/serve.go", "maxRequestHeader   = 64 << 10", "| header of a request to `http.serve` | 64 KiB"},
		{"luabind/modules/http/serve.go", "maxConnections     = 256", "| clients connected to `http.serve` | 256"},
		{"luabind/modules/http/serve.go", "header: 10 * time.Second", "| slow clients | 10 s"},
		{"luabind/modules/websocket/websocket.go", "defaultTimeout  = 30 * time.Second", "| a WebSocket's handshake | 30 s"},
		{"luabind/modules/websocket/websocket.go", "defaultMessage  = 16 << 20", "| a WebSocket's message | 16 MiB"},
		{"luabind/modules/websocket/websocket.go", "defaultInterval = 30 * time.Second", "| a silent WebSocket | a ping every 30 s"},
		{"luabind/modules/websocket/inbox.go", "maxWaiting      = 64", "| received messages that the script has not read from a WebSocket | 64,"},
		{"luabind/modules/sql/base.go", "defaultTimeout     = 10 * time.Second", "| an SQL statement | 10 s"},
	}
	blanks := regexp.MustCompile(`[ \t]+`)
	squeezed := func(s string) string { return blanks.ReplaceAllString(s, " ") }
	for _, c := range cases {
		if !strings.Contains(squeezed(read(t, c.file)), squeezed(c.constant)) {
			t.Errorf("%s lacks %q: adjust docs/admin/reliability.md and this test", c.file, c.constant)
		}
		if !strings.Contains(page, c.row) {
			t.Errorf("docs/admin/reliability.md lacks %q", c.row)
		}
	}
}
