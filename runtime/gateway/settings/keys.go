package settings

import (
	"fmt"
	"slices"
	"strings"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/spelling"
)

// Key is a key that Spectrum 2.2.1 or one of its backends knows, or one of serve's own. docs/admin/serve.md says
// what serve does with it, or why it has no effect.
type Key struct {
	Name     string // section.key
	Honoured bool
	// Reader is the package that reads an honoured key, if it is not this one.
	Reader string
}

// The packages that read keys besides this one.
const (
	byConfig   = "runtime/config"
	byClaim    = "runtime/gateway/claim"
	byDatabase = "runtime/database"
	byUsers    = "runtime/gateway/users"
	byServe    = "cmd/spectrum2-lua/internal/serve"
)

// honoured are the keys with an effect, by the package that reads them.
var honoured = map[string]string{
	"": `
		service.jid service.password service.server service.port service.server_mode
		service.allowed_servers service.admin_jid service.vip_only service.vip_message
		service.jid_escaping service.enable_xhtml service.oob_replace_body service.max_room_list_size
		service.login_delay service.enable_remove_buddy
		identity.name identity.category identity.type
		registration.enable_public_registration registration.allowed_usernames registration.username_mask
		registration.language registration.instructions registration.username_label
		registration.password_label registration.notify_jid registration.auto_register
		registration.needPassword registration.needRegistration
		gateway_responder.prompt gateway_responder.label
		features.muc features.disable_jid_escaping features.send_buddies_on_login
		settings.stay_connected settings.send_headlines
		archive.days archive.messages`, // not Spectrum's
	byConfig:   "service.working_dir",
	byClaim:    "service.pidfile",
	byDatabase: "database.type database.database database.server database.port database.user database.password database.prefix database.connectionstring",
	byUsers:    "database.encryption_key database.vip_statement",
	byServe:    "logging.backend_config",
}

// ignored are the keys without an effect.
const ignored = `
	service.backend service.backend_host service.backend_port service.backend_id service.portfile
	service.user service.group service.users_per_backend service.reuse_old_backends
	service.idle_reconnect_time service.memory_collector_time service.reconnect_all_users
	service.oob_split
	service.admin_password service.cert service.cert_password service.more_resources service.frontend
	service.protocol service.enable_privacy_lists service.web_directory service.web_url
	service.web_maximgsize service.eventloop service.verify_certs service.jids
	service.irc_server service.irc_identify service.irc_send_pass service.irc_away_timeout
	service.client_id service.client_secret
	service.join_room_nickname_label service.join_room_nickname_example service.join_room_room_label
	service.join_room_room_example service.join_room_server_label service.join_room_server_example
	vhosts.vhost logging.config
	registration.encoding registration.require_local_account registration.local_username_label
	registration.local_account_server registration.local_account_server_timeout registration.extraField
	features.rawxml features.receipts
	backend.default_avatar backend.avatars_directory backend.no_vcard_fetch backend.incoming_dir
	proxy.type proxy.server proxy.host proxy.port proxy.user proxy.username proxy.password
	purple.cacerts_dir purple.libpurple_dll_path purple.plugins_dir
	twitter.consumer_key twitter.consumer_secret twitter.fetch_timeout`

// Keys returns all keys of Spectrum, in the order of their names.
func Keys() []Key {
	var all []Key
	for reader, names := range honoured {
		for _, name := range strings.Fields(names) {
			all = append(all, Key{name, true, reader})
		}
	}
	for _, name := range strings.Fields(ignored) {
		all = append(all, Key{Name: name})
	}
	slices.SortFunc(all, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Warnings returns warnings about keys in Spectrum's sections that Spectrum does not know,
// as "file:line: text". They are probably misspelt. They contain no values.
func Warnings(c *config.Config) []string {
	bySection := map[string][]string{}
	var sections []string
	for _, k := range Keys() {
		section, key, _ := strings.Cut(k.Name, ".")
		if bySection[section] == nil {
			sections = append(sections, section)
		}
		bySection[section] = append(bySection[section], key)
	}
	var all []string
	warn := func(key, format string, args ...any) {
		all = append(all, c.Where(key)+": "+fmt.Sprintf(format, args...))
	}
	for _, section := range c.Sections() {
		known, near := bySection[section], ""
		if known == nil {
			near = spelling.Name(section, sections)
		}
		for _, key := range c.Keys(section) {
			full := section + "." + key
			switch {
			case known == nil:
				// Scripts have sections of their own. Only one with a key of Spectrum is wrong.
				if slices.Contains(bySection[near], key) {
					warn(full, "the section [%s] has no effect, but [%s] has a key %s", section, near, key)
				}
			case !slices.Contains(known, key):
				text := "[%s] %s is not a key of Spectrum and has no effect"
				if likely := spelling.Name(key, known); likely != "" {
					text += fmt.Sprintf("; did you mean %s?", likely)
				}
				warn(full, text, section, key)
			}
		}
	}
	return all
}
