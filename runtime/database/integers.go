package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// PostgreSQL rejects 5.9 for an integer. MySQL rounds or truncates it, and SQLite
// stores 5.9 in an integer column. checkIntegers makes all engines reject it: it
// finds the values for integer columns, and asks the database for the types of the
// columns. Only statements with a fraction pay for that.

// integerUse is a place in a statement that may require an integer, and the value
// that stands there.
type integerUse struct {
	value int // the value's number, from 1
	// what is "CAST" or "LIMIT" if they require the integer, or "" if the type of a
	// column decides.
	what string
	// table is empty if the column may belong to any table of the statement.
	table, column string
	// position is the column's number from 1 if the statement does not name it.
	position int
}

// column is a column of a table.
type column struct {
	table, name string
	integer     bool
}

type queryFunc func(ctx context.Context, text string, args ...any) (*sql.Rows, error)

var errSeveral = errors.New("the text has several statements: run each with a call of its own")

// check returns an error if a statement must not run.
func (e *Engine) check(ctx context.Context, query queryFunc, text string, args []any) error {
	if strings.Contains(text, ";") && e.several(text) {
		return errSeveral
	}
	return e.checkIntegers(ctx, query, text, args)
}

// checkIntegers returns an error if a float64 stands where the statement requires an
// integer. Callers pass integers as int64.
func (e *Engine) checkIntegers(ctx context.Context, query queryFunc, text string, args []any) error {
	if e.columns == nil || !slices.ContainsFunc(args, isFloat) {
		return nil
	}
	s := scan(e.syntax, text)
	var columns []column
	for _, use := range s.uses(func(n int) bool { return n <= len(args) && isFloat(args[n-1]) }) {
		value := strconv.FormatFloat(args[use.value-1].(float64), 'g', -1, 64)
		if use.what != "" {
			return fmt.Errorf("value %d is %s, but %s requires an integer", use.value, value, use.what)
		}
		if columns == nil {
			var err error
			if columns, err = e.columns(ctx, query, s.names()); err != nil {
				return err
			}
		}
		if name, integer := use.find(columns); integer {
			return fmt.Errorf("value %d is %s, but the column %s holds integers", use.value, value, name)
		}
	}
	return nil
}

func isFloat(v any) bool {
	_, ok := v.(float64)
	return ok
}

// find reports whether the column holds integers in all tables that have it, and
// returns its name.
func (u integerUse) find(columns []column) (name string, integer bool) {
	table := u.table
	if !slices.ContainsFunc(columns, func(c column) bool { return strings.EqualFold(c.table, table) }) {
		table = "" // an alias
	}
	position := 0
	for _, c := range columns {
		if table != "" && !strings.EqualFold(c.table, table) {
			continue
		}
		position++
		if u.position > 0 && position != u.position || u.position == 0 && !strings.EqualFold(c.name, u.column) {
			continue
		}
		if !c.integer {
			return "", false
		}
		name, integer = c.name, true
	}
	return name, integer
}

// readColumns reads the rows of a query for the columns of tables.
func readColumns(rows *sql.Rows, err error, integer func(kind string) bool) ([]column, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // the error is that of Err
	var all []column
	for rows.Next() {
		var c column
		var kind string
		if err := rows.Scan(&c.table, &c.name, &kind); err != nil {
			return nil, err
		}
		c.integer = integer(strings.ToUpper(kind))
		all = append(all, c)
	}
	return all, rows.Err()
}

// list returns a placeholder for each name, and the names as values.
func list(names []string) (marks string, args []any) {
	for _, name := range names {
		args = append(args, name)
	}
	return strings.TrimSuffix(strings.Repeat("?,", len(names)), ","), args
}

func sqliteColumns(ctx context.Context, query queryFunc, tables []string) ([]column, error) {
	marks, args := list(tables)
	rows, err := query(ctx, `SELECT l.name, c.name, c.type FROM pragma_table_list AS l JOIN pragma_table_xinfo(l.name, l.schema) AS c
WHERE l.name COLLATE NOCASE IN (`+marks+`) ORDER BY l.schema, l.name, c.cid`, args...)
	return readColumns(rows, err, func(kind string) bool { return strings.Contains(kind, "INT") })
}

func mysqlColumns(ctx context.Context, query queryFunc, tables []string) ([]column, error) {
	marks, args := list(tables)
	rows, err := query(ctx, `SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS
WHERE (TABLE_SCHEMA = DATABASE() OR TABLE_SCHEMA IN (`+marks+`)) AND TABLE_NAME IN (`+marks+`)
ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`, append(args, args...)...)
	return readColumns(rows, err, func(kind string) bool {
		return strings.HasSuffix(kind, "INT") || kind == "YEAR" || kind == "BIT"
	})
}
