package users

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"spectrumlua/runtime/database"
)

// prepare creates missing tables and checks that all others are those of Spectrum 2.
func (s *Store) prepare(ctx context.Context) error {
	if err := s.setPairsAside(ctx); err != nil {
		return err
	}
	for _, t := range append(slices.Clone(tables), roomTable, archiveTable, pairTable) {
		if err := s.prepareTable(ctx, t); err != nil {
			return err
		}
	}
	if err := s.moveOldPairs(ctx); err != nil {
		return err
	}
	if err := s.prepareVersion(ctx); err != nil {
		return err
	}
	if s.db.Engine() == database.MySQL {
		return s.findNarrow(ctx)
	}
	return nil
}

func (s *Store) prepareTable(ctx context.Context, t table) error {
	exists, err := s.hasTable(ctx, t.name)
	if err != nil {
		return err
	}
	var failed error
	if !exists {
		failed = s.create(ctx, t) // it also fails if another process creates the table at the same time
	}
	err = s.probe(ctx, t)
	switch {
	case err == nil:
		return nil
	case failed != nil:
		return fmt.Errorf("the table %s does not exist and cannot be created: %w", s.name(t.name), failed)
	case !errors.Is(err, database.ErrMissing):
		return fmt.Errorf("check of the table %s: %w", s.name(t.name), err)
	}
	return fmt.Errorf("the table %s is not that of Spectrum 2.2.1: %w; set another prefix in [database] if it belongs to another program", s.name(t.name), err)
}

// name returns the name of a table with the prefix.
func (s *Store) name(table string) string { return s.tables + table }

// fill replaces names and expressions in a statement without placeholders.
func (s *Store) fill(text string) string { return names(s.db.Engine(), s.tables).Replace(text) }

// probe returns an error if the table or one of its columns does not exist.
func (s *Store) probe(ctx context.Context, t table) error {
	rows, err := s.db.Query(ctx, s.fill("SELECT "+t.columns+" FROM {"+t.name+"} WHERE 1 = 0"))
	if err != nil {
		return err
	}
	_ = rows.Close()
	return s.db.Plain(rows.Err())
}

// catalogs holds queries that return 1 if a table exists.
var catalogs = map[*database.Engine]string{
	database.SQLite:     "SELECT COUNT(*) FROM sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE",
	database.PostgreSQL: "SELECT COUNT(*) FROM pg_class WHERE relname = ? AND pg_table_is_visible(oid)",
	database.MySQL:      "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
}

func (s *Store) hasTable(ctx context.Context, name string) (bool, error) {
	n, err := s.count(ctx, catalogs[s.db.Engine()], s.name(name))
	return n > 0, err
}

// count returns the number that a query returns.
func (s *Store) count(ctx context.Context, text string, args ...any) (n int, err error) {
	text, err = s.db.Bind(text, len(args))
	if err == nil {
		_, err = s.db.Row(ctx, text, args, &n)
	}
	return n, err
}

func (s *Store) create(ctx context.Context, t table) error {
	for _, text := range t.create[s.db.Engine()] {
		if _, err := s.db.Exec(ctx, s.fill(text)); err != nil {
			return err
		}
	}
	if s.db.Engine() != database.SQLite {
		return nil
	}
	for _, i := range indexes {
		if i.table != t.name {
			continue
		}
		name := i.name
		taken, err := s.count(ctx, "SELECT COUNT(*) FROM sqlite_master WHERE name = ? COLLATE NOCASE AND tbl_name <> ? COLLATE NOCASE", name, s.name(t.name))
		if err != nil {
			return err
		}
		if taken > 0 {
			name = s.name(name)
		}
		text := "CREATE " + i.kind + " IF NOT EXISTS " + s.db.Engine().Quote(name) + " ON {" + t.name + "} (" + i.columns + ")"
		if _, err := s.db.Exec(ctx, s.fill(text)); err != nil {
			return err
		}
	}
	return nil
}

// prepareVersion writes the version into an empty db_version. It returns an error if
// a newer version of Spectrum has changed the tables.
func (s *Store) prepareVersion(ctx context.Context) error {
	known := versions[s.db.Engine()]
	var version int
	_, err := s.row(ctx, s.db, selectVersion, nil, &version)
	switch {
	case err != nil:
		return err
	case version > known:
		return fmt.Errorf("the table %s says %d, and this version knows only %d: a newer Spectrum 2 has changed the tables", s.name(tableVersion), version, known)
	case version == 0:
		_, err = s.exec(ctx, s.db, insertVersion, known)
		if errors.Is(err, database.ErrDuplicate) { // another process was first
			err = nil
		}
	}
	return err
}

// findNarrow sets limits.narrow. Spectrum creates MySQL's tables with a character set
// of at most three bytes a character.
func (s *Store) findNarrow(ctx context.Context) error {
	n, err := s.count(ctx, `SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name IN (?, ?)
AND character_set_name IN ('utf8', 'utf8mb3')`, s.name(tableUsers), s.name(tableContacts))
	s.limits.narrow = n > 0
	return err
}
