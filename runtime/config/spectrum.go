package config

import "strings"

// spectrumScalars lists the keys for which Spectrum 2 (tried with 2.2.1) rejects a
// second value, as far as they concern a backend.
var spectrumScalars = set(`
	service.jid service.password service.server service.port service.server_mode
	service.backend service.backend_host service.backend_port
	service.working_dir service.pidfile service.portfile service.user service.group
	service.users_per_backend service.reuse_old_backends service.idle_reconnect_time
	service.memory_collector_time service.login_delay service.admin_password
	service.cert service.cert_password service.protocol service.frontend
	service.more_resources service.vip_only service.vip_message
	service.jid_escaping service.enable_xhtml service.enable_remove_buddy
	service.enable_privacy_lists service.oob_split service.oob_replace_body
	service.max_room_list_size service.web_directory service.web_url
	logging.config logging.backend_config
	database.type database.database database.server database.port database.user
	database.password database.prefix database.encryption_key database.vip_statement
	proxy.server proxy.port proxy.user proxy.password`)

// fatalFirst lists the values that crash Spectrum 2.2.1 at the start of a list.
var fatalFirst = set("0 1 true false")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, word := range strings.Fields(words) {
		m[word] = true
	}
	return m
}

// doubtful returns warnings about lists that crash Spectrum. In [lua] a list is an
// error anyway.
func (c *Config) doubtful() []*Error {
	var warnings []*Error
	for _, key := range c.keys {
		list := c.settings[key].file
		if len(list) < 2 || !fatalFirst[list[0].value] || strings.HasPrefix(key, luaPrefix) {
			continue
		}
		warnings = append(warnings, c.problem(list[1].line, clip(Shown(key))+" has several values, and Spectrum 2 crashes at its start "+
			"if the first of several is 0, 1, true or false; put another one first"))
	}
	return warnings
}
