package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"spectrumlua/runtime/secret"
)

// Secrets returns what must not be shown of the config: the values of keys whose
// names say so, and passwords within addresses and connection strings.
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

// plainValue reports whether a value is no secret, whatever its key's name is,
// as in "needPassword = true".
func plainValue(value string) bool {
	_, isBool := booleans[strings.ToLower(value)]
	return value == "" || isBool
}

// passwordPair is a password in a connection string of PostgreSQL or MySQL.
var passwordPair = regexp.MustCompile(`(?i)(?:password|pwd)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s;&]+)`)

// userInfo is a password in what looks like a URL, or like the address of a
// MySQL server.
var userInfo = regexp.MustCompile(`^[a-zA-Z0-9+.-]+://[^:/@]*:(.*)@[^@]*$|^[^:/@]*:(.*)@[a-z]+\(`)

// inAddress returns the passwords in a URL, in the address of a MySQL server,
// or in a connection string.
func inAddress(value string) (words []string) {
	if u, err := url.Parse(value); err == nil && u.User != nil {
		if password, ok := u.User.Password(); ok {
			words = append(words, password)
		}
	} else if m := userInfo.FindStringSubmatch(value); m != nil { // not a URL that parses
		words = append(words, m[1]+m[2])
	}
	for _, m := range passwordPair.FindAllStringSubmatch(value, -1) {
		words = append(words, strings.Trim(m[1], "'"))
	}
	return words
}
