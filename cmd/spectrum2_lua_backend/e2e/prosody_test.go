//go:build e2e

package e2e_test

import (
	"fmt"
	"regexp"
)

const prosodyConfig = `
run_as_root = true
pidfile = "%[1]s/prosody.pid"
data_path = "%[1]s/server"
log = { %[10]s = "%[1]s/prosody.log" }
interfaces = { "127.0.0.1" }
local_interfaces = { "127.0.0.1" }
c2s_ports = { %[2]d }
component_interfaces = { "127.0.0.1" }
component_ports = { %[3]d }
modules_enabled = { "roster", "saslauth", "disco", "presence", "message", "iq", "register", "vcard", "carbons", "ping", %[8]s }
modules_disabled = { "s2s", "tls" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
%[9]s

VirtualHost "%[4]s"
VirtualHost "%[5]s"

Component "%[6]s"
component_secret = "%[7]s"
modules_enabled = { %[8]s }
`

const prosodyComponent = `
Component "%s"
component_secret = "%s"
`

const prosodyPrivileges = `
privileged_entities = { ["%s"] = {
  roster = "both", message = "outgoing", iq = { ["http://jabber.org/protocol/pubsub"] = "both" },
} }
`

var prosodyServer = &xmppServer{
	program: "usr/bin/prosody",
	config:  "prosody.cfg.lua",
	log:     "prosody.log",
	probes:  true,
	grants:  true,
	prepare: func(b *bed) {
		modules, privileges := "", ""
		if b.config.privileges {
			b.requires("usr/lib/prosody/modules/mod_privilege")
			modules, privileges = `"privilege", "pep"`, fmt.Sprintf(prosodyPrivileges, b.jid)
		}
		level := "debug"
		if b.config.quiet {
			level = "info"
		}
		config := fmt.Sprintf(prosodyConfig, b.inside("."), b.xmppPort, b.componentPort,
			xmppDomain, secondDomain, b.jid, secret, modules, privileges, level)
		for _, jid := range b.config.components {
			config += fmt.Sprintf(prosodyComponent, jid, secret)
		}
		b.write("prosody.cfg.lua", config)
		for _, a := range b.accounts() {
			register := b.command("prosodyctl", "--config", b.inside("prosody.cfg.lua"), "register", a[0], a[1], password)
			if out, err := register.CombinedOutput(); err != nil {
				b.t.Fatalf("prosodyctl register: %v\n%s", err, out)
			}
		}
	},
	command: func(b *bed) []string {
		return []string{"prosody", "-F", "--config", b.inside("prosody.cfg.lua")}
	},
	ready: []string{
		`Activated service 'component' on \[127\.0\.0\.1\]`,
		`Activated service 'c2s' on \[127\.0\.0\.1\]`,
	},
	component: `External component successfully authenticated`,
	closed:    `Disconnecting component, <stream:error>`,
	wrong:     regexp.MustCompile(`\t(warn|error)\t|Disconnecting (component|client), <stream:error>`),
	harmless: regexp.MustCompile(`portmanager|startup|certmanager|general\twarn|run_as_root|` +
		`Error while sending privileged <IQ>`), // the user has no bookmarks yet
}
