package database

import (
	"context"
	"database/sql"
	"slices"
)

// changes are the statements that change rows.
var changes = []string{"INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE"}

// verb returns the word that says what the statement does: its first word, or the
// one after the WITH clause.
func (s statement) verb() string {
	if !s.at(0).is("WITH") {
		return s.at(0).text
	}
	depth := 0
	for _, t := range s {
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case depth == 0 && (t.is(changes...) || t.is("SELECT", "VALUES")):
			return t.text
		}
	}
	return ""
}

func (s statement) has(word string) bool {
	return slices.ContainsFunc(s, func(t token) bool { return t.is(word) })
}

// outcome is a sql.Result.
type outcome struct{ affected, id int64 }

// RowsAffected implements sql.Result.
func (o outcome) RowsAffected() (int64, error) { return o.affected, nil }

// LastInsertId implements sql.Result.
func (o outcome) LastInsertId() (int64, error) { return o.id, nil }

// runner has two functions that run the same statement: query returns rows, exec does
// not.
type runner struct {
	query func(ctx context.Context, args ...any) (*sql.Rows, error)
	exec  func(ctx context.Context, args ...any) (sql.Result, error)
}

// run runs a statement and discards its rows. The result counts the rows that the
// statement has changed, with each engine. SQLite by itself would report the count
// and the id of an earlier statement if this one changes nothing.
func (e *Engine) run(ctx context.Context, text string, args []any, r runner) (sql.Result, error) {
	s := scan(e.syntax, text)
	verb := s.verb()
	counts := slices.Contains(changes, verb)
	if e == MySQL && (!counts || s.has("RETURNING")) {
		// For a prepared statement, exec would wait forever for the description
		// of the rows, which MariaDB does not repeat.
		n, err := drain(r.query(ctx, args...))
		if err != nil || !counts {
			return outcome{}, err
		}
		return outcome{affected: n}, nil
	}
	result, err := r.exec(ctx, args...)
	if err != nil || !counts {
		return outcome{}, err
	}
	var o outcome
	o.affected, _ = result.RowsAffected() // none of the three drivers fails here
	inserts := verb == "INSERT" || verb == "REPLACE"
	if e == MySQL || inserts && o.affected > 0 && !(s.has("CONFLICT") && s.has("UPDATE")) {
		o.id, _ = result.LastInsertId() // unsupported by PostgreSQL
	}
	return o, nil
}

// drain reads all rows and counts them.
func drain(rows *sql.Rows, err error) (n int64, _ error) {
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		n++
	}
	_ = rows.Close()
	return n, rows.Err()
}
