package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"spectrumlua/runtime/config"
)

func TestSecretsArePasswordsAndPasswordsInAddresses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.cfg")
	text := `[service]
jid = x.localhost
password = hunter1
[database]
connectionstring = host=localhost password='hunter 2' user=x
[lua]
script = x.lua
store = postgres://bot:hunter3@localhost/db
[registration]
needPassword = true
password_label = Password
[irc]
server_password = hunter4
api_token = hunter5
api_token = hunter6
proxy = socks5://bot:hunter%37@localhost:1080
dsn = bot:hunter8@tcp(localhost:3306)/db
broken = http://bot:hunter9@[::1
contact = mailto:admin@example.org
key_file = /etc/x.pem
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := c.Secrets()
	slices.Sort(got)
	want := []string{"host=localhost password='hunter 2' user=x", "hunter 2", "hunter1", "hunter3", "hunter4", "hunter5", "hunter6", "hunter7", "hunter8", "hunter9"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
