package database

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/stdlib"
)

func newPostgreSQL() *Engine {
	return &Engine{
		Name:      "postgresql",
		port:      "5432",
		syntax:    syntax{dollar: true, nested: true, escapes: true, doubled: true},
		numbered:  true,
		place:     postgresSource,
		connector: connectPostgres,
		kind:      postgresKind,
		lockMigrations: func(ctx context.Context, tx *Tx, timeout int) error {
			if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = '%ds'", timeout)); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", migrationLock))
			return err
		},
	}
}

// migrationLock is the number of the advisory lock. It is arbitrary, so that no other
// program uses it.
const migrationLock = 7305446137253281

// tlsModes holds PostgreSQL's sslmode for each value of server.tls.
var tlsModes = map[string]string{"": "prefer", "disable": "disable", "require": "require", "verify": "verify-full"}

func postgresSource(s server) (Source, error) {
	mode := tlsModes[s.tls]
	if s.tls == "" && s.near() {
		mode = "disable"
	}
	var words []string
	add := func(key, value string) {
		if value != "" {
			words = append(words, key+"='"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value)+"'")
		}
	}
	add("host", s.host)
	add("port", s.port)
	add("user", s.user)
	add("password", s.password)
	add("dbname", s.database)
	add("sslmode", mode)
	if !s.alone {
		return postgresWords(strings.Join(words, " "))
	}
	switch {
	case s.user == "" && !s.unix():
		return Source{}, errors.New("the URL names no user, as in postgres://USER@HOST/DATABASE")
	case s.user == "": // the server knows the user at the other end of a Unix socket
		me, err := user.Current()
		if err != nil {
			return Source{}, err
		}
		add("user", me.Username)
		s.user = me.Username
	}
	if s.database == "" {
		add("dbname", s.user)
	}
	if s.password == "" {
		words = append(words, "password=''")
	}
	place, err := postgresWords(strings.Join(append(words, nothingElse...), " "))
	place.alone = true
	return place, err
}

// nothingElse overrides all settings that the driver reads from the environment (for
// example PGPASSWORD) and from the home directory (.pgpass, .postgresql). PGSERVICE
// cannot be overridden, but it adds only settings of the database session, and
// connectPostgres drops those.
var nothingElse = []string{
	"passfile=''", "sslcert=''", "sslkey=''", "sslrootcert=''", "sslpassword=''", "sslcertmode=disable", "sslsni=1",
	"sslnegotiation=postgres", "target_session_attrs=any", "min_protocol_version=3.0", "max_protocol_version=3.0",
	"channel_binding=prefer", "require_auth=''", "connect_timeout=10", "krbsrvname=''", "krbspn=''", "options=''", "timezone=''",
}

// postgresWords parses PostgreSQL's own notation: "host=… user=…" or a URL.
func postgresWords(words string) (Source, error) {
	c, err := pgx.ParseConfig(words)
	if err != nil {
		text := scrub(err.Error(), secretsIn(words))
		if _, why, found := strings.Cut(text, "`: "); found { // the part before it repeats the input
			text = why
		}
		return Source{}, fmt.Errorf("PostgreSQL does not understand it: %s", text)
	}
	s := server{host: c.Host, port: strconv.Itoa(int(c.Port)), database: cmp.Or(c.Database, c.User)}
	shown := s.shown("postgres")
	if s.unix() {
		shown = "unix:" + s.host
	}
	return Source{Engine: PostgreSQL, dsn: words, shown: shown, secrets: append(secretsIn(words), c.Password)}, nil
}

// secretsIn returns the text itself and the values after each "password=" in it. It
// also works for a text that does not parse.
func secretsIn(words string) []string {
	secrets := []string{words}
	for rest := words; ; {
		_, after, found := strings.Cut(rest, "password")
		if !found {
			return secrets
		}
		rest = after
		value := strings.TrimLeft(after, " \t=")
		if end := strings.IndexAny(value, " \t&"); end >= 0 {
			value = value[:end]
		}
		secrets = append(secrets, strings.Trim(value, "'"))
	}
}

func connectPostgres(p Source, _ string) (driver.Connector, error) {
	c, err := pgx.ParseConfig(p.dsn)
	if err != nil {
		return nil, err
	}
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, connectTimeout)
	if p.alone {
		c.RuntimeParams = map[string]string{}
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = applicationName
	}
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: keepAlive}
	c.DialFunc = dialer.DialContext
	c.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(maxMessage)
		return f
	}
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.StatementCacheCapacity, c.DescriptionCacheCapacity = 0, 0
	return postgresConnector{stdlib.GetConnector(*c, stdlib.OptionResetSession(checkIdle))}, nil
}

// checkIdle returns driver.ErrBadConn if the server has ended an idle connection:
// then either the reason or the end of the stream waits to be read. It does not check
// connections with TLS, on which other data may wait; the driver pings those after
// a second without use.
func checkIdle(_ context.Context, conn *pgx.Conn) error {
	c, ok := conn.PgConn().Conn().(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return driver.ErrBadConn
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
	})
	if err != nil || !quiet {
		return driver.ErrBadConn
	}
	return nil
}

// maxMessage is the maximum length of a server's message, for example a row, in
// bytes. Without a limit the driver would allocate any length that a server announces.
const maxMessage = 256 << 20

// applicationName is the name of our connections in a server's list.
const applicationName = "spectrum2-lua"

const (
	connectTimeout = 10 * time.Second
	keepAlive      = 30 * time.Second
)

func postgresKind(err error) errorKind {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return lost // also for a wrong password
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch e.Code {
		case "40001", "40P01":
			return conflict
		case "23505":
			return duplicate
		case "42P01", "42703":
			return missing
		case "55P03":
			return busy
		case "53100":
			return full
		case "57P01", "57P02", "57P03", "53300":
			return lost
		}
		return otherError
	}
	if pgconn.SafeToRetry(err) {
		return lost
	}
	return otherError
}
