//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	xmppDomain = "localhost"
	password   = "pw" // of every XMPP account
	secret     = "component-secret"
)

const prosodyConfig = `
run_as_root = true
pidfile = "%[1]s/prosody.pid"
data_path = "%[1]s/prosody"
log = { debug = "%[1]s/prosody.log" }
interfaces = { "127.0.0.1" }
local_interfaces = { "127.0.0.1" }
c2s_ports = { %[2]d }
component_interfaces = { "127.0.0.1" }
component_ports = { %[3]d }
modules_enabled = { "roster", "saslauth", "disco", "presence", "message", "iq", "register", "vcard", "carbons", "ping" }
modules_disabled = { "s2s", "tls" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"

VirtualHost "%[4]s"
%[7]s
Component "%[5]s"
component_secret = "%[6]s"
%[8]s
`

// privilegeConfig lets the transport change rosters (XEP-0356).
const privilegeConfig = `
modules_enabled = { "privilege" }
privileged_entities = { ["%s"] = { roster = "both", message = "outgoing" } }
`

// privilegeModule is that module of Prosody, in Debian's prosody-modules.
const privilegeModule = "usr/lib/prosody/modules/mod_privilege/mod_privilege.lua"

// startProsody starts the XMPP server with an account for each user.
func (b *bed) startProsody() {
	b.t.Helper()
	ofUsers, ofComponent := "", ""
	if b.config.privileges {
		if _, err := os.Stat(filepath.Join(root, privilegeModule)); err != nil {
			b.t.Skip("mod_privilege is not installed: ", err)
		}
		ofUsers, ofComponent = fmt.Sprintf(privilegeConfig, b.jid), `modules_enabled = { "privilege" }`
	}
	config := fmt.Sprintf(prosodyConfig, b.inside("."), b.xmppPort, b.componentPort, xmppDomain, b.jid, secret, ofUsers, ofComponent)
	b.write("prosody.cfg.lua", config)
	if err := os.MkdirAll(b.path("prosody"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	for _, user := range b.config.users {
		register := b.command("prosodyctl", "--config", b.inside("prosody.cfg.lua"), "register", user, xmppDomain, password)
		if out, err := register.CombinedOutput(); err != nil {
			b.t.Fatalf("prosodyctl register: %v\n%s", err, out)
		}
	}
	b.restartProsody()
}

// restartProsody starts Prosody with the config and the accounts that it has.
func (b *bed) restartProsody() {
	b.t.Helper()
	if err := os.Remove(b.path("prosody.log")); err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Fatal(err)
	}
	b.prosody = b.start("prosody", "prosody", "-F", "--config", b.inside("prosody.cfg.lua"))
	for _, service := range []string{"component", "c2s"} {
		b.waitLog("prosody.log", "Activated service '"+service+`' on \[127\.0\.0\.1\]`)
	}
}
