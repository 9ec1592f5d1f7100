package database

import (
	"cmp"
	"fmt"
	"path/filepath"

	"spectrumlua/runtime/config"
)

// usersFile is the SQLite file in [service] working_dir in which Spectrum 2 stores its
// users by default.
const usersFile = "database.sql"

// FromSection returns the database that the section [database] names, in which
// Spectrum 2 stores its users. Unlike Spectrum, it uses Spectrum's default file if the
// section has no type. The type none is a temporary database. Errors name the line in
// the config.
func FromSection(c *config.Config) (Source, error) {
	prefix, err := sectionPrefix(c)
	if err != nil {
		return Source{}, err
	}
	place, err := inSection(c)
	if err != nil {
		return Source{}, err
	}
	place.Prefix = prefix
	place.where = "[database]"
	if at := c.Where("database.type"); at != "" {
		place.where = at + ": [database]"
	}
	return place, nil
}

func sectionPrefix(c *config.Config) (string, error) {
	prefix, _ := c.Get("database.prefix")
	if !isPrefix(prefix) {
		return "", fmt.Errorf("%s: [database] prefix may have letters, digits and _ only, at most 32 of them", c.Where("database.prefix"))
	}
	return prefix, nil
}

func inSection(c *config.Config) (Source, error) {
	switch kind, _ := c.Get("database.type"); kind {
	case "none":
		return Temporary(), nil
	case "", "sqlite3":
		return fromFileKey(c), nil
	default:
		return fromType(c, kind)
	}
}

// fromFileKey returns SQLite's file. A relative name starts at working_dir, where
// Spectrum runs.
func fromFileKey(c *config.Config) Source {
	name, _ := c.Get("database.database")
	if name == ":memory:" {
		return Temporary()
	}
	path := cmp.Or(name, usersFile)
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.WorkingDir(), path)
	}
	place := File(path)
	place.Foreign = true
	place.file = "[database] database"
	if name == "" {
		place.file = "[service] working_dir"
	}
	return place
}

// fromType returns the database of a server.
func fromType(c *config.Config, kind string) (Source, error) {
	switch kind {
	case "mysql":
		return fromKeys(c, MySQL, "3306")
	case "pqxx":
		if words, ok := c.Get("database.connectionstring"); ok && words != "" {
			return fromWords(c, words)
		}
		return fromKeys(c, PostgreSQL, "5432")
	}
	return Source{}, fmt.Errorf("%s: [database] type is none, sqlite3, mysql or pqxx (PostgreSQL), not %q", c.Where("database.type"), kind)
}
