package users

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// conceal returns the column of a password with [database] encryption_key: the base64
// of each byte plus the byte of the key at that position, modulo 256. The key repeats.
// Without a key the column is the password.
//
// Spectrum 2.2.1 does so on MySQL and PostgreSQL, but not on SQLite. On PostgreSQL it
// writes such columns and never decodes them.
//
// It hides a password from a glance at the table, and from no one else: two users with
// the same password have the same column, and one known password reveals the key.
func conceal(password, key string) string {
	if key == "" {
		return password
	}
	shifted := []byte(password)
	for i := range shifted {
		shifted[i] += key[i%len(key)]
	}
	return base64.StdEncoding.EncodeToString(shifted)
}

// reveal is the inverse of conceal. It returns the column itself if it does not hold a
// concealed password: the user has registered before the key was set.
func reveal(column, key string) string {
	if key != "" {
		shifted, err := base64.StdEncoding.DecodeString(column)
		for i := range shifted {
			shifted[i] -= key[i%len(key)]
		}
		if err == nil && utf8.Valid(shifted) {
			return string(shifted)
		}
	}
	return strings.ToValidUTF8(column, "\uFFFD")
}
