package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// Error is an error of a database that may be shown: it contains no password. A
// server may quote a value that it rejects. errors.Is finds ErrConflict, ErrDuplicate,
// ErrMissing, ErrLost and the context's error in it.
type Error struct {
	text string
	err  error
	kind errorKind
}

func (e *Error) Error() string { return e.text }

// Unwrap returns the error of the driver or of the context.
func (e *Error) Unwrap() error { return e.err }

// Is reports whether target is the kind of the error.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrConflict:
		return e.kind == conflict
	case ErrDuplicate:
		return e.kind == duplicate
	case ErrMissing:
		return e.kind == missing
	case ErrLost:
		return e.kind == lost
	}
	return false
}

// plain converts an error into one that may be shown.
func (d *DB) plain(err error) error {
	var done *Error
	switch {
	case err == nil, errors.Is(err, errClosed):
		return err
	case errors.As(err, &done):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{text: "timeout", err: context.DeadlineExceeded}
	case errors.Is(err, context.Canceled):
		return &Error{text: "cancelled", err: context.Canceled}
	}
	kind := d.Engine().kind(err)
	if kind == otherError && disconnected(err) {
		kind = lost
	}
	text := d.explain(kind, scrub(visible(driverText(err)), d.source.secrets))
	return &Error{text: text, err: err, kind: kind}
}

// disconnected reports whether an error says that the connection has ended.
func disconnected(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn)
}

// explain adds an explanation where the driver's text is not sufficient.
func (d *DB) explain(kind errorKind, text string) string {
	switch kind {
	case conflict:
		return fmt.Sprintf("%v: %s", ErrConflict, text)
	case lost:
		if d.Engine() != SQLite && d.source.where != "" {
			text += " (" + d.source.where + " says where it is)"
		}
		return fmt.Sprintf("%s cannot be reached: %s", d.source, text)
	case busy:
		return fmt.Sprintf("%s is locked by another process or transaction: %s", d.source, text)
	case full:
		return fmt.Sprintf("%s has no room left: %s", d.source, text)
	case damaged:
		return fmt.Sprintf("%s is damaged or not an SQLite database: %s", d.source, text)
	}
	return text
}

// driverText returns the driver's text without details for its developers, and
// without the details in which PostgreSQL shows values.
func driverText(err error) string {
	var lite *sqlite.Error
	var post *pgconn.PgError
	var my *mysql.MySQLError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &connect) && connect.Unwrap() != nil && !errors.As(err, &post):
		return strings.Join(strings.Fields(connect.Unwrap().Error()), " ")
	case errors.As(err, &post):
		return fmt.Sprintf("%s (SQLSTATE %s)", post.Message, post.Code)
	case errors.As(err, &my):
		return mysqlText(my)
	case errors.As(err, &lite):
		return strings.TrimPrefix(lite.Error(), "SQL logic error: ")
	}
	return err.Error()
}

// visible replaces control characters in a server's text.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || r == utf8.RuneError:
			return '?'
		}
		return r
	}, text)
}

// shortSecret is the minimum length of a secret that scrub removes. A shorter one
// would match parts of ordinary words.
const shortSecret = 4

// scrub removes secrets from a text. No driver is known to show one; scrub is a
// precaution.
func scrub(text string, secrets []string) string {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, s := range secrets {
		if len(s) < shortSecret {
			continue
		}
		text = strings.ReplaceAll(text, s, "***")
		text = strings.ReplaceAll(text, url.QueryEscape(s), "***")
		text = strings.ReplaceAll(text, url.PathEscape(s), "***")
	}
	return text
}
