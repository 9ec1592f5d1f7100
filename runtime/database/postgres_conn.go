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
// A prepared statement fails after another process has altered its table ("cached
// plan must not change result type"), and a transaction cannot retry it. It also
// fails behind a pooler that spreads a client's statements over several connections.
//
// The server reads text without a type as the type that the statement requires
// there. It rejects 5.9 for an integer; the driver would truncate it.
type postgresConnector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return postgresConn{conn.(*stdlib.Conn)}, nil
}

// postgresConn is a connection that sends values as untyped describes.
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
	// Without values, the driver would use the simple protocol, which accepts
	// several statements in one text.
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

// untyped returns the statement and its values as the connection sends them. It
// writes numbers as text, so that the server sees their fractions. It casts bytes to
// bytea, because the server would otherwise store their hexadecimal digits.
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

// castBytes adds ::bytea to the placeholders $n with these ordinals.
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
