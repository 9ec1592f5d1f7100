package settings

import (
	"maps"
	"slices"
	"strings"
)

// restart are the keys whose changes need a restart, because what depends on them is built
// once. A key that ends in a dot stands for a section.
var restart = []string{
	"service.jid", "service.password", "service.server", "service.port",
	"service.jid_escaping", "service.server_mode", "service.working_dir", "features.disable_jid_escaping",
	"database.", "logging.", "lua.", "files.", "metrics.",
}

// noEscaping is the feature with which the script escapes the names of contacts.
const noEscaping = "disable_jid_escaping"

// Restart reports whether a change of a key, written "section.key", needs a restart. All
// other keys can change while users are online.
func Restart(key string) bool {
	return slices.ContainsFunc(restart, func(name string) bool {
		return key == name || strings.HasSuffix(name, ".") && strings.HasPrefix(key, name)
	})
}

// Keep returns next with the values of s for the keys whose changes need a restart.
func (s Settings) Keep(next Settings) Settings {
	now := s.Service
	next.Service.JID, next.Service.Password, next.Service.Address = now.JID, now.Password, now.Address
	next.Service.JIDEscaping = now.JIDEscaping
	next.Features = maps.Clone(next.Features)
	if s.Features[noEscaping] {
		next.Features[noEscaping] = true
	} else {
		delete(next.Features, noEscaping)
	}
	return next
}
