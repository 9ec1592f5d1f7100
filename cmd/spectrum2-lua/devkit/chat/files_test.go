package chat_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesGoBothWays(t *testing.T) {
	script := write(t, "upper.lua", `
local files = require "spectrum.files"
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  local file = assert(files.fetch(m.attachment[1]))
  local answer = assert(files.share { name = "../" .. file.name, data = file:read_all():upper() })
  session:conv_message { buddy_name = m.buddy_name, message = m.message:sub(1, 4), attachment = { answer } }
end
return on`)
	dir := t.TempDir()
	sent, got, taken := filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.txt"), write(t, "taken.txt", "mine")
	if err := os.WriteFile(sent, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	out, err := play(t, script, fmt.Sprintf(`/login
/send %[1]s
/to carol
/save last
/send %[4]s/none
/send %[4]s
/send
/send %[1]s look at this
/expect <carol> look
/save last %[2]s
/save last %[3]s
/save last
/save http://127.0.0.1:1/x
`, sent, got, taken, dir))
	for _, want := range []string{
		"? you have no partner yet", "? your partner has sent no file", "? reading the file: stat", "is not a regular file", "? usage: /send",
		"<carol> look (attachment http", "saved 5 bytes as " + got, "? writing the file: open " + taken, "saved 5 bytes as a.txt", "? the download failed",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the transcript lacks %q", want)
		}
	}
	if err == nil || t.Failed() {
		t.Errorf("%v\n%s", err, out)
	}
	for path, want := range map[string]string{got: "HELLO", "a.txt": "HELLO", taken: "mine"} {
		if data, err := os.ReadFile(path); string(data) != want {
			t.Errorf("%s: %q %v", path, data, err)
		}
	}
}
