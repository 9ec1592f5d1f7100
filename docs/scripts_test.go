package docs_test

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
	"spectrumlua/runtime/config"
)

const alice = "alice@localhost"

// query returns the config field of the next QUERY that the script sends.
func query(t *testing.T, st *luatest.Fixture) string {
	t.Helper()
	var q pb.BackendConfig
	st.Expect("query", &q)
	return q.GetConfig()
}

var luaBlock = regexp.MustCompile("(?ms)^```lua\n(.*?)^```$")

func luaBlocks(text string) []string {
	var all []string
	for _, block := range luaBlock.FindAllStringSubmatch(text, -1) {
		all = append(all, block[1])
	}
	return all
}

// TestScriptsInPagesAnswerMessages runs each complete script of the pages: it must handle a login
// and a message of the user.
func TestScriptsInPagesAnswerMessages(t *testing.T) {
	scripts := 0
	for _, page := range pages(t) {
		for _, block := range luaBlocks(read(t, page)) {
			if !strings.HasPrefix(block, "local spectrum = require") || !strings.HasSuffix(strings.TrimSpace(block), "return on") {
				continue
			}
			scripts++
			t.Run(page, func(t *testing.T) {
				st := luatest.Start(t, block, "[admin]", "user = "+alice)
				st.Login(alice)
				if strings.Contains(block, "on.login(") {
					st.Expect("connected", nil)
				}
				if strings.Contains(block, "on.conv_message(") {
					st.Say(alice, "echo", "hello")
					var m pb.ConversationMessage
					st.Expect("conv_message", &m)
					if m.GetBuddyName() != "echo" || !strings.HasSuffix(m.GetMessage(), "hello") {
						t.Errorf("the answer is %v", &m)
					}
				}
				if log := st.Log.String(); strings.Contains(log, "error") || strings.Contains(log, "warning") {
					t.Errorf("the log has\n%s", log)
				}
			})
		}
	}
	if scripts < 4 {
		t.Errorf("the pages have %d complete scripts, but at least 4 are expected", scripts)
	}
}

// TestGuideQuotesEchoAsItShips compares the parts of echo.lua in the guide with the file.
func TestGuideQuotesEchoAsItShips(t *testing.T) {
	text := section(t, read(t, "docs/guide/getting-started.md"), "## 8. Reading echo.lua")
	script := read(t, "scripts/echo.lua")
	blocks := luaBlocks(text)
	for _, block := range blocks {
		if !strings.Contains(script, block) {
			t.Errorf("scripts/echo.lua lacks\n%s", block)
		}
	}
	if len(blocks) == 0 {
		t.Error("docs/guide/getting-started.md quotes nothing of echo.lua")
	}
}

// TestGuidesConfigEqualsTheExample compares the config in the guide with the example's config, which
// other tests run.
func TestGuidesConfigEqualsTheExample(t *testing.T) {
	_, block, _ := strings.Cut(section(t, read(t, "docs/guide/gateway.md"), "## 3. The transport"), "\n    [service]\n")
	block, _, _ = strings.Cut("    [service]\n"+block, "\n\n`jid`")
	const file = "/etc/spectrum2/transports/echo.cfg"
	cfg, err := config.Parse(file, []byte(strings.ReplaceAll(block, "\n    ", "\n")), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if settings, err := cfg.Settings(); err != nil || settings.Script != "/etc/spectrum2/scripts/echo.lua" || len(cfg.Warnings()) > 0 {
		t.Errorf("script = %s, error %v, warnings %v", settings.Script, err, cfg.Warnings())
	}
	example, err := config.Parse(file, []byte(read(t, "examples/echo.cfg")), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"jid", "password", "server", "port", "server_mode", "backend", "backend_host"} {
		got, _ := cfg.Get("service." + key)
		if want, ok := example.Get("service." + key); got != want || !ok {
			t.Errorf("%s is %q in the guide and %q in examples/echo.cfg", key, got, want)
		}
	}
}

// TestGuideQuotesTheMessagesOfMistakes makes the mistakes that the guide explains, and compares the program's
// messages with the guide.
func TestGuideQuotesTheMessagesOfMistakes(t *testing.T) {
	guide := read(t, "docs/guide/gateway.md")
	quoted := func(t *testing.T, message string) {
		t.Helper()
		if !strings.Contains(guide, message) {
			t.Errorf("docs/guide/gateway.md lacks\n%s", message)
		}
	}
	const file = "/etc/spectrum2/transports/echo.cfg"
	const head = "[service]\njid = echo.localhost\n"
	for _, c := range []struct{ name, text string }{
		{"no script", head},
		{"a key with a typo", head + strings.Repeat("\n", 8) + "[lua]\nscript = echo.lua\nrelod = 1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := config.Parse(file, []byte(c.text), config.Options{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = cfg.Settings()
			quoted(t, err.Error())
		})
	}
	t.Run("a # in a password", func(t *testing.T) {
		cfg, err := config.Parse(file, []byte(head+"password = sec#ret\n"), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		quoted(t, cfg.Warnings()[0])
	})
	t.Run("a relative config file", func(t *testing.T) {
		_, err := config.Load("echo.cfg", config.Options{})
		var wrong *config.Error
		if !errors.As(err, &wrong) {
			t.Fatalf("got %v", err)
		}
		_, advice, _ := strings.Cut(wrong.Text, ". ")
		quoted(t, ". "+advice)
	})
	for _, c := range []struct{ name, script string }{
		{"a missing bracket", "local on = {}\n\nfunction on.login(session)\n  session:connected(\nend\n\nreturn on\n"},
		{"a missing end", "local on = {}\n\nfunction on.login(session)\n  if true then\nend\n\nreturn on\n"},
		{"a handler with a typo", "local on = {}\nfunction on.login(session)\n  session:connected()\nend\nfunction on.conv_mesage(session, m)\nend\nreturn on\n"},
		{"nothing returned", "local on = {}\n"},
		{"a dot instead of a colon", "local on = {}\nfunction on.login(session)\n  session.connected()\nend\nreturn on\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := luatest.New(t, c.script)
			_ = st.Host.Load() // the error reaches the user at login
			st.Login(alice)
			var d pb.Disconnected
			st.Expect("disconnected", &d)
			quoted(t, strings.Replace(d.GetMessage(), "script.lua", "hello.lua", 1))
		})
	}
	t.Run("a field with a typo", func(t *testing.T) {
		st := luatest.Start(t, "local on = {}\nfunction on.login(session)\n  session:connected()\nend\nfunction on.conv_message(session, m)\n"+
			"  session:conv_message { buddy = m.buddy_name, message = m.text }\nend\nreturn on\n")
		st.Login(alice)
		st.Say(alice, "hello", "hi")
		const message = `6: conv_message: there is no field "buddy"; did you mean "buddy_name"?`
		st.ExpectLog("error", "error in on.conv_message: script.lua:"+message)
		quoted(t, "error in on.conv_message: hello.lua:"+message)
	})
	t.Run("an endless loop", func(t *testing.T) {
		st := luatest.New(t, "while true do end", "handler_timeout = 0.1")
		err := st.Host.Load()
		if err == nil {
			t.Fatal("the script loads")
		}
		quoted(t, strings.NewReplacer("script.lua", "t.lua", "100ms", "10s").Replace(err.Error()))
	})
	t.Run("a missing script", func(t *testing.T) {
		st := luatest.New(t, "")
		st.Remove("script.lua")
		err := st.Host.Load()
		if err == nil {
			t.Fatal("the script loads")
		}
		quoted(t, strings.ReplaceAll(err.Error(), filepath.Join(st.Dir, "script.lua"), "/etc/spectrum2/transports/scripts/echo.lua"))
	})
}
