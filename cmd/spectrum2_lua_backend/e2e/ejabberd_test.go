//go:build e2e

package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
)

const ejabberdConfig = `
hosts: [%[3]q, %[4]q]
loglevel: debug
auth_method: internal
disable_sasl_mechanisms: ["x-oauth2"]
listen:
  - port: %[1]d
    ip: "127.0.0.1"
    module: ejabberd_c2s
  - port: %[2]d
    ip: "127.0.0.1"
    module: ejabberd_service
    hosts:
      %[5]q:
        password: %[6]q
modules:
  mod_caps: {}
  mod_carboncopy: {}
  mod_disco: {}
  mod_muc: {} # mod_caps of 26.07 fails without it
  mod_offline: {}
  mod_ping: {}
  mod_pubsub: {plugins: [flat, pep]}
  mod_roster: {}
  mod_vcard: {}
%[7]s
`

const ejabberdPrivileges = `
  mod_privilege:
    roster: {both: transport}
    message: {outgoing: transport}
    iq: {"http://jabber.org/protocol/pubsub": {both: transport}}
acl:
  transport: {server: %[1]q}
access_rules:
  transport: {allow: transport}
`

var ejabberdServer = &xmppServer{
	program: "usr/sbin/ejabberdctl",
	config:  "ejabberd.yml",
	log:     "ejabberd.log",
	prepare: func(b *bed) {
		privileges := ""
		if b.config.privileges {
			privileges = fmt.Sprintf(ejabberdPrivileges, b.jid)
		}
		b.write("ejabberd.yml", fmt.Sprintf(ejabberdConfig, b.xmppPort, b.componentPort,
			xmppDomain, secondDomain, b.jid, secret, privileges))
	},
	// The Erlang machine itself, because ejabberdctl would start it as another user, with a name
	// that other beds would use, too.
	command: func(b *bed) []string {
		var register strings.Builder
		for _, a := range b.accounts() {
			fmt.Fprintf(&register, "ejabberd_auth:try_register(<<%q>>, <<%q>>, <<%q>>), ", a[0], a[1], password)
		}
		return []string{
			"env", "ERL_LIBS=/usr/lib/x86_64-linux-gnu", "ERL_CRASH_DUMP_BYTES=0",
			"EJABBERD_CONFIG_PATH=" + b.inside("ejabberd.yml"), "EJABBERD_LOG_PATH=" + b.inside("ejabberd.log"),
			"erl", "-noinput", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none", "+S", "2",
			"-mnesia", "dir", fmt.Sprintf("%q", b.inside("server")),
			"-s", "ejabberd", "-eval", register.String() + `logger:info("all accounts are ready").`,
		}
	},
	ready:     []string{"all accounts are ready", "Start accepting TCP connections at .* for ejabberd_service"},
	component: `Accepted external component \S+ authentication for`,
	closed:    `<stream:error>.*component|Disconnected component`,
	wrong:     regexp.MustCompile(`\[(warning|error|critical)\]`),
	harmless:  regexp.MustCompile(`captcha_cmd is not configured|warn_soft_dep_fail`),
}
