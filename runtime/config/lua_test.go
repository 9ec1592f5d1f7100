package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/config"
)

// defaults are the settings of a [lua] section that sets only the script.
var defaults = config.Settings{
	Script:         "/etc/spectrum2/transports/echo.lua",
	MaxFrame:       16 << 20,
	ExitTimeout:    2 * time.Second,
	HandlerTimeout: 10 * time.Second,
	LogoutGrace:    2 * time.Second,
	LogoutTimeout:  time.Second,
	LoginDelay:     2 * time.Second,
	LoginDelayMax:  5 * time.Minute,
	LoginRetries:   -1,
	MaxQueue:       10000,
	MaxString:      64 << 20,
	Store:          "database",
	Admin:          true,
	Console:        config.ConsoleOn,
}

func TestLuaSectionIsParsed(t *testing.T) {
	with := func(change func(*config.Settings)) config.Settings {
		lua := defaults
		change(&lua)
		return lua
	}
	tests := []struct {
		name, text string
		opts       config.Options
		want       config.Settings
	}{
		{"defaults", "script=echo.lua", config.Options{}, defaults},
		{"absolute script", "script = /srv/a b.lua", config.Options{}, with(func(l *config.Settings) { l.Script = "/srv/a b.lua" })},
		{"script in a folder", "script = ../lua/./echo.lua", config.Options{}, with(func(l *config.Settings) { l.Script = "/etc/spectrum2/lua/echo.lua" })},
		{"script with $jid", "script = $jid.lua", config.Options{JID: "a.example"}, with(func(l *config.Settings) {
			l.Script = "/etc/spectrum2/transports/a.example.lua"
		})},
		{"every key", `script=echo.lua
			path = rocks/share/lua/5.1; /usr/share/lua/5.1;;
			reload = yes
			max_frame = 1M
			exit_timeout = 1.5
			handler_timeout = 60
			logout_grace = 0
			logout_timeout = 0.5
			login_delay = 0
			login_delay_max = 10
			login_retries = 0
			max_queue = 1
			max_string = 1 MiB
			memory_limit = 1G
			sandbox = 1
			store = memory
			record = /tmp/r.jsonl
			admin = off
			console = read-only
			debug = on`, config.Options{}, config.Settings{
			Script: defaults.Script, Path: []string{"/etc/spectrum2/transports/rocks/share/lua/5.1", "/usr/share/lua/5.1"}, Reload: true, MaxFrame: 1 << 20, ExitTimeout: 1500 * time.Millisecond,
			HandlerTimeout: time.Minute, LogoutTimeout: 500 * time.Millisecond, LoginDelayMax: 10 * time.Second,
			MaxQueue: 1, MaxString: 1 << 20, MemoryLimit: 1 << 30, Sandbox: true, Store: "memory", Record: "/tmp/r.jsonl",
			Console: config.ConsoleReadOnly, Debug: true}},
		{"no console", "script=echo.lua\nconsole=Off", config.Options{}, with(func(l *config.Settings) { l.Console = config.ConsoleOff })},
		{"a console that can do everything", "script=echo.lua\nconsole=yes", config.Options{}, defaults},
		{"a console that reads", "script=echo.lua\nconsole=Read-Only", config.Options{}, with(func(l *config.Settings) { l.Console = config.ConsoleReadOnly })},
		{"a record in working_dir", "script=echo.lua\nrecord = $jid.jsonl\n[service]\nworking_dir=/srv/$jid", config.Options{JID: "a.example"},
			with(func(l *config.Settings) {
				l.Record = "/srv/a.example/a.example.jsonl"
			})},
		{"a retired key, whatever its value", "script=echo.lua\nbytecode=1", config.Options{}, defaults},
		{"no path", "script=echo.lua\npath=off", config.Options{}, defaults},
		{"no record", "script=echo.lua\nrecord=Off", config.Options{}, defaults},
		{"a store in a file", "script=echo.lua\nstore=a b.sqlite", config.Options{}, with(func(l *config.Settings) { l.Store = "/etc/spectrum2/transports/a b.sqlite" })},
		{"a store by its scheme", "script=echo.lua\nstore=sqlite:/srv/b.sqlite", config.Options{}, with(func(l *config.Settings) { l.Store = "/srv/b.sqlite" })},
		{"a store on a server", "script=echo.lua\nstore=postgres://a:b@c/d", config.Options{}, with(func(l *config.Settings) { l.Store = "postgres://a:b@c/d" })},
		{"no limit", "script=echo.lua\nmemory_limit=0", config.Options{}, defaults},
		{"overrides", "script=wrong.lua\nreload=1", config.Options{Overrides: []config.Override{
			{Key: "lua.script", Value: "echo.lua"}, {Key: "lua.reload", Value: "1"}, {Key: "lua.reload", Value: "no"}}}, defaults},
		{"an override replaces an invalid value", "script=echo.lua\nreload=maybe", config.Options{Overrides: []config.Override{
			{Key: "lua.reload", Value: "0"}}}, defaults},
		{"all by overrides", "", config.Options{Overrides: []config.Override{{Key: "lua.script", Value: "echo.lua"}}}, defaults},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(t, "[lua]\n"+test.text+"\n", test.opts).Settings()
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestInvalidLuaSectionIsAnError(t *testing.T) {
	tests := []struct {
		name, text string
		over       []config.Override
		want       []string
	}{
		{"no section", "[service]\njid=a", nil, []string{
			`t.cfg: [lua] script is not set, and there is no default; add the lines "[lua]" and "script = NAME.lua" (a relative name is looked for in .)`}},
		{"section in capitals", "[LUA]\nscript=a.lua", nil, []string{
			`t.cfg: [lua] script is not set, and there is no default; add the lines "[lua]" and "script = NAME.lua" (a relative name is looked for in .); the section "LUA" is another one, since case and blanks count in its name`}},
		{"empty script", "[lua]\nscript=", nil, []string{"t.cfg:2: [lua] script is empty; give the name of a file"}},
		{"quoted script", "[lua]\nscript=\"a.lua\"", nil, []string{`t.cfg:2: [lua] script is "\"a.lua\"", and the quotes would be part of the name; write it without them`}},
		{"Latin-1 script", "[lua]\nscript=\xe9.lua", nil, []string{"t.cfg:2: [lua] script is not UTF-8 (Latin-1?); save the config file as UTF-8"}},
		{"unknown key with a near name", "[lua]\nscript=a\nrelaod=1", nil, []string{`t.cfg:3: [lua] has no key "relaod"; did you mean reload?`}},
		{"unknown key without a near name", "[lua]\nscript=a\nserver=b", nil, []string{`t.cfg:3: [lua] has no key "server"; the keys are script, path, reload, max_frame, ` +
			"exit_timeout, handler_timeout, logout_grace, logout_timeout, login_delay, login_delay_max, login_retries, max_queue, max_string, memory_limit, sandbox, store, record, admin, console, debug. " +
			"A script's own settings belong in a section of their own"}},
		{"unknown key in a section lua.x", "[lua.x]\nscript=b\n[lua]\nscript=a", nil, []string{`t.cfg:2: [lua] has no key "x.script"; did you mean script?`}},
		{"unknown override", "[lua]\nscript=a", []config.Override{{Key: "lua.reloud", Value: "1"}}, []string{`command line: [lua] has no key "reloud"; did you mean reload?`}},
		{"key again", "[lua]\nscript=a\nreload=1\nreload=1\n[x]\n[lua]\nreload=0", nil, []string{
			"t.cfg:4: [lua] reload is set again (first on line 3); remove one of the two lines",
			"t.cfg:7: [lua] reload is set again (first on line 3); remove one of the two lines"}},
		{"no boolean", "[lua]\nscript=a\nreload = 1 ; always", nil, []string{`t.cfg:3: [lua] reload has to be 1, true, yes, on, 0, false, no or off, not "1 ; always"`}},
		{"no access", "[lua]\nscript=a\nconsole = read", nil, []string{`t.cfg:3: [lua] console has to be 1, true, yes, on, 0, false, no or off, or read-only, not "read"`}},
		{"a record without a name", "[lua]\nscript=a\nrecord=1", nil, []string{`t.cfg:3: [lua] record has to be the name of a file, or off, not "1"`}},
		{"a path with patterns", "[lua]\nscript=a\npath=/x/?.lua;/x/?/init.lua", nil, []string{
			`t.cfg:3: [lua] path has to be a list of folders; write "/x", not "/x/?.lua": require adds /?.lua and /?/init.lua by itself`}},
		{"a path without a folder", "[lua]\nscript=a\npath=;", nil, []string{`t.cfg:3: [lua] path is empty; give the name of a folder, or off`}},
		{"a path in quotes", "[lua]\nscript=a\npath=\"/x\"", nil, []string{`t.cfg:3: [lua] path is "\"/x\"", and the quotes would be part of the name; write it without them`}},
		{"no size", "[lua]\nscript=a\nmax_frame=lots", nil, []string{`t.cfg:3: [lua] max_frame has to be a number of bytes such as 65536, 64K or 16M, from 1K to 1G, not "lots"`}},
		{"size too small", "[lua]\nscript=a\nmax_frame=1023", nil, []string{`t.cfg:3: [lua] max_frame has to be a number of bytes such as 65536, 64K or 16M, from 1K to 1G, not "1023"`}},
		{"size too big", "[lua]\nscript=a\nmax_frame=1025M", nil, []string{`t.cfg:3: [lua] max_frame has to be a number of bytes such as 65536, 64K or 16M, from 1K to 1G, not "1025M"`}},
		{"size below the smallest but 0", "[lua]\nscript=a\nmemory_limit=1", nil, []string{`t.cfg:3: [lua] memory_limit has to be a number of bytes such as 65536, 64K or 16M, from 16M to 1024G, or 0 for no limit, not "1"`}},
		{"zero where it is not allowed", "[lua]\nscript=a\nexit_timeout=0", nil, []string{`t.cfg:3: [lua] exit_timeout has to be a number of seconds such as 2 or 0.5, from 0.1 to 60, not "0"`}},
		{"time with a unit", "[lua]\nscript=a\nlogin_delay=2s", nil, []string{`t.cfg:3: [lua] login_delay has to be a number of seconds such as 2 or 0.5, from 0.1 to 3600, or 0 for no pause, not "2s"`}},
		{"time below zero", "[lua]\nscript=a\nlogout_grace=-1", nil, []string{`t.cfg:3: [lua] logout_grace has to be a number of seconds such as 2 or 0.5, from 0 to 60, not "-1"`}},
		{"count with a fraction", "[lua]\nscript=a\nmax_queue=1.5", nil, []string{`t.cfg:3: [lua] max_queue has to be a whole number from 1 to 10000000, not "1.5"`}},
		{"nothing", "[lua]\nscript=a\nmax_queue=", nil, []string{`t.cfg:3: [lua] max_queue has to be a whole number from 1 to 10000000, not ""`}},
		{"pauses that contradict", "[lua]\nscript=a\nlogin_delay=400", nil, []string{
			"t.cfg:3: [lua] login_delay is 6m40s and login_delay_max is 5m0s; the first pause cannot be longer than the longest, so change one of them"}},
		{"no limit", "[lua]\nscript=a\nlogin_retries=-1", nil, []string{`t.cfg:3: [lua] login_retries has to be a whole number from 0 to 1000000, or unlimited, not "-1"`}},
		{"retries without pauses", "[lua]\nscript=a\nlogin_delay=0\nlogin_retries=unlimited", nil, []string{
			"t.cfg:4: [lua] login_retries needs a pause between two logins, but login_delay is 0; set login_delay, or login_retries = 0"}},
		{"all of them, in the order of lines", "[lua]\nsandbox=2\nmax_queue=0\nmemory=1\nmax_queue=x\n", []config.Override{{Key: "lua.reload", Value: "x"}}, []string{
			`t.cfg:2: [lua] sandbox has to be 1, true, yes, on, 0, false, no or off, not "2"`,
			`t.cfg:3: [lua] max_queue has to be a whole number from 1 to 10000000, not "0"`,
			`t.cfg:4: [lua] has no key "memory"; did you mean memory_limit?`,
			`t.cfg:5: [lua] max_queue is set again (first on line 3); remove one of the two lines`,
			`t.cfg: [lua] script is not set, and there is no default; add the lines "[lua]" and "script = NAME.lua" (a relative name is looked for in .)`,
			`command line: [lua] reload has to be 1, true, yes, on, 0, false, no or off, not "x"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir("/")
			c, err := config.Parse("t.cfg", []byte(test.text), config.Options{Overrides: test.over})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Settings()
			var problem *config.Error
			if !errors.As(err, &problem) {
				t.Fatalf("error %v is not a *config.Error", err)
			}
			got := strings.ReplaceAll(err.Error(), "looked for in /)", "looked for in .)")
			if want := strings.Join(test.want, "\n"); got != want {
				t.Errorf("error\n%s\nwant\n%s", got, want)
			}
			if len(c.Warnings()) > 0 {
				t.Errorf("warnings %q", c.Warnings())
			}
		})
	}
}

func TestDoubtfulLuaValuesAreWarnings(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"longer than Debian waits", "exit_timeout=2.5", []string{
			"t.cfg:3: [lua] exit_timeout is 2.5s, but Debian's unit kills Spectrum 2 and its backends 3s after it asked them to stop; stay within 2s, or raise TimeoutStopSec in the unit"}},
		{"on.logout longer than the end", "logout_timeout=2", []string{
			"t.cfg:3: [lua] logout_timeout is 2s, which does not fit in exit_timeout, 2s: at the end of the process on.logout is cut short"}},
		{"the end shorter than on.logout", "exit_timeout=0.5", []string{
			"t.cfg:3: [lua] logout_timeout is 1s, which does not fit in exit_timeout, 500ms: at the end of the process on.logout is cut short"}},
		{"# in a path", "reload=1\n[x]\npath=a#b", []string{
			"t.cfg:5: a # starts a comment, within a word and in quotes too, so the value of [x] path ends before it; this format has no way to write a # in a value"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := parse(t, "[lua]\nscript=a.lua\n"+test.text+"\n", config.Options{})
			if _, err := c.Settings(); err != nil {
				t.Fatal(err)
			}
			if got := short(strings.Join(c.Warnings(), "\n")); got != strings.Join(test.want, "\n") {
				t.Errorf("warnings\n%s\nwant\n%s", got, strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestDocumentedDefaultsAreTheDefaults writes each documented default into a file. The
// settings must be the same as without them.
func TestDocumentedDefaultsAreTheDefaults(t *testing.T) {
	text := "[lua]\n"
	for _, o := range config.LuaOptions() {
		value := o.Default
		if o.Name == "script" {
			value = "echo.lua"
		}
		text += o.Name + " = " + value + "\n"
	}
	got, err := parse(t, text, config.Options{}).Settings()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, defaults) {
		t.Errorf("got  %+v\nwant %+v", got, defaults)
	}
	config.LuaOptions()[0].Name = ""
	if config.LuaOptions()[0].Name == "" {
		t.Error("a caller can change the options")
	}
}
