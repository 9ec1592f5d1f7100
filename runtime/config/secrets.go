package config

import (
	"net/url"
	"slices"
	"strings"

	"spectrumlua/runtime/lazy"
	"spectrumlua/runtime/secret"
)

// Secrets returns the secrets in the config: the values of keys with names such as
// password, and the passwords in addresses and connection strings.
func (c *Config) Secrets() (words []string) {
	for _, key := range c.keys {
		if slices.ContainsFunc([]string{"_file", "_path", "_dir", "_label"}, func(end string) bool { return strings.HasSuffix(key, end) }) {
			continue
		}
		for _, value := range c.List(key) {
			words = append(words, inAddress(value)...)
			if secret.Name(key) && !plainValue(value) {
				words = append(words, value)
			}
		}
	}
	return words
}

// plainValue reports whether a value is not a secret, whatever the name of its key,
// as in "needPassword = true".
func plainValue(value string) bool {
	_, isBool := booleans[strings.ToLower(value)]
	return value == "" || isBool
}

// passwordPair matches a password in a connection string of PostgreSQL or MySQL.
var passwordPair = lazy.Regexp(`(?i)(?:password|pwd)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s;&]+)`)

// userInfo matches a password in a URL, or in the address of a MySQL server.
var userInfo = lazy.Regexp(`^[a-zA-Z0-9+.-]+://[^:/@]*:(.*)@[^@]*$|^[^:/@]*:(.*)@[a-z]+\(`)

// inAddress returns the passwords in a URL, in the address of a MySQL server,
// or in a connection string.
func inAddress(value string) (words []string) {
	if u, err := url.Parse(value); err == nil && u.User != nil {
		if password, ok := u.User.Password(); ok {
			words = append(words, password)
		}
	} else if m := userInfo().FindStringSubmatch(value); m != nil { // not a valid URL
		words = append(words, m[1]+m[2])
	}
	for _, m := range passwordPair().FindAllStringSubmatch(value, -1) {
		words = append(words, strings.Trim(m[1], "'"))
	}
	return words
}
