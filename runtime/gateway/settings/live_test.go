package settings_test

import (
	"reflect"
	"testing"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/gateway/settings"
)

// TestKeepAgreesWithRestart changes one key at a time: Keep takes its value over exactly if
// Restart says that no restart is needed.
func TestKeepAgreesWithRestart(t *testing.T) {
	const base = "[service]\njid=a.localhost\npassword=secret\n[lua]\nscript=a.lua\n"
	read := func(text string) settings.Settings {
		t.Helper()
		c, err := config.Parse("a.cfg", []byte(text), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := settings.Read(c)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := read(base)
	for key, text := range map[string]string{
		"service.jid":                   "[service]\njid=b.localhost\npassword=secret\n[lua]\nscript=a.lua\n",
		"service.password":              "[service]\njid=a.localhost\npassword=other\n[lua]\nscript=a.lua\n",
		"service.server":                base + "[service]\nserver=192.0.2.1\n",
		"service.port":                  base + "[service]\nport=5348\n",
		"service.jid_escaping":          base + "[service]\njid_escaping=0\n",
		"service.vip_only":              base + "[service]\nvip_only=1\n",
		"service.allowed_servers":       base + "[service]\nallowed_servers=localhost\n",
		"service.admin_jid":             base + "[service]\nadmin_jid=alice@localhost\n",
		"identity.name":                 base + "[identity]\nname=Echo\n",
		"registration.instructions":     base + "[registration]\ninstructions=Hello\n",
		"features.muc":                  base + "[features]\nmuc=1\n",
		"features.disable_jid_escaping": base + "[features]\ndisable_jid_escaping=1\n",
		"settings.stay_connected":       base + "[settings]\nstay_connected=1\n",
	} {
		next := read(text)
		if reflect.DeepEqual(before, next) {
			t.Errorf("%s: the change has no effect", key)
		}
		want := next
		if settings.Restart(key) {
			want = before
		}
		if got := before.Keep(next); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: Keep returns %+v, want %+v", key, got, want)
		}
	}
	for _, key := range []string{"lua.handler_timeout", "database.type", "logging.config"} {
		if !settings.Restart(key) {
			t.Errorf("%s needs a restart", key)
		}
	}
}
