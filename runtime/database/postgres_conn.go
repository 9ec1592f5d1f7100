package database

import (
	"context"
	"database/sql/driver"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresConnector opens connections on which each statement is parsed and
// planned when it runs, and values are sent as text without a type.
//
// A statement that the driver keeps prepared fails after another process has
// altered its table ("cached plan must not change result type"), and within a
// transaction it cannot be tried again. It also fails behind a pooler, which
// hands the statements of one client to several connections.
//
// Text without a type is read by the server as the type that the place in the
// statement wants. 5.9 is no integer for it, whereas the driver would cut it off.
type postgresConnector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return postgresConn{conn.(*stdlib.Conn)}, nil
}

// postgresConn is a connection of the driver's whose values are prepared.
type postgresConn struct{ *stdlib.Conn }

// QueryContext implements driver.QueryerContext.
func (c postgresConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	text, args = untyped(text, args)
	return c.Conn.QueryContext(ctx, text, args)
}

// ExecContext implements driver.ExecerContext.
func (c postgresConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		text, args = untyped(text, args)
		return c.Conn.ExecContext(ctx, text, args)
	}
	// Without values, the driver would use the simple protocol, in which a text
	// may have several statements.
	conn := c.Conn.Conn()
	if conn.IsClosed() {
		return nil, driver.ErrBadConn
	}
	result := conn.PgConn().ExecParams(ctx, text, nil, nil, nil, nil).Read()
	if result.Err != nil {
		if pgconn.SafeToRetry(result.Err) {
			return nil, driver.ErrBadConn
		}
		return nil, result.Err
	}
	return driver.RowsAffected(result.CommandTag.RowsAffected()), nil
}

// untyped writes numbers as text, so that one which is no integer never looks
// like one, and gives bytes their type: as text they would be a column's
// hexadecimal digits.
func untyped(text string, args []driver.NamedValue) (string, []driver.NamedValue) {
	var binary []int
	copied := slices.Clone(args)
	for i, arg := range args {
		switch v := arg.Value.(type) {
		case float64:
			copied[i].Value = strconv.FormatFloat(v, 'g', -1, 64)
		case []byte:
			if v != nil {
				binary = append(binary, arg.Ordinal)
			}
		}
	}
	if binary != nil {
		text = castBytes(text, binary)
	}
	return text, copied
}

// castBytes adds a type to the placeholders $n of some ordinals.
func castBytes(text string, ordinals []int) string {
	var out strings.Builder
	syntax := PostgreSQL.syntax
	for i := 0; i < len(text); {
		if end := syntax.skip(text, i); end > i {
			out.WriteString(text[i:end])
			i = end
			continue
		}
		end := i + 1
		for text[i] == '$' && end < len(text) && '0' <= text[end] && text[end] <= '9' {
			end++
		}
		out.WriteString(text[i:end])
		if n, err := strconv.Atoi(text[i+1 : end]); err == nil && slices.Contains(ordinals, n) {
			out.WriteString("::bytea")
		}
		i = end
	}
	return out.String()
}
