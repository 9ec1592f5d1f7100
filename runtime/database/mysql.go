package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"
)

func newMySQL() *Engine {
	return &Engine{
		Name:      "mysql",
		port:      "3306",
		syntax:    syntax{backtick: true, escapes: true, always: true, hash: true},
		prepares:  true,
		place:     mysqlSource,
		connector: connectMySQL,
		columns:   mysqlColumns,
		kind:      mysqlKind,
		lockMigrations: func(ctx context.Context, tx *Tx, timeout int) error {
			var got int
			_, err := tx.Row(ctx, "SELECT COALESCE(GET_LOCK('spectrum2-lua migrations', ?), 0)", []any{timeout}, &got)
			switch {
			case err != nil:
				return err
			case got != 1:
				return errors.New("timeout: another process is migrating the database")
			}
			// In MySQL, statements that change tables commit at once. End the
			// transaction, so that all statements of the migration do.
			_, err = tx.Exec(ctx, "COMMIT")
			return err
		},
		unlockMigrations: "DO RELEASE_LOCK('spectrum2-lua migrations')",
	}
}

func mysqlSource(s server) (Source, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = s.user, s.password, s.database
	c.Net, c.Addr = "tcp", net.JoinHostPort(s.host, s.port)
	shown := s.shown("mysql")
	if s.unix() {
		c.Net, c.Addr = "unix", s.host
		shown = "unix:" + s.host
	}
	if s.database == "" {
		return Source{}, errors.New("no database is named (the key database, or what follows the / in a URL)")
	}
	switch {
	case s.tls == "verify":
		c.TLSConfig = "true"
	case s.tls == "require":
		c.TLSConfig = "skip-verify"
	case s.tls == "" && !s.near():
		c.TLSConfig = "preferred"
	}
	return Source{Engine: MySQL, dsn: c.FormatDSN(), shown: shown, secrets: []string{s.password}}, nil
}

func connectMySQL(p Source, _ string) (driver.Connector, error) {
	c, err := mysql.ParseDSN(p.dsn)
	if err != nil {
		return nil, err
	}
	c.ClientFoundRows = true // as in other engines, an UPDATE counts rows whose values stay the same
	c.ParseTime = true
	c.Timeout = connectTimeout
	c.Logger = silent{}
	c.ConnectionAttributes = "program_name:" + applicationName
	// A value that does not fit is an error. The server never truncates it.
	c.Params = map[string]string{"sql_mode": "CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"}
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: keepAlive}
	c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if dialed, ok := ctx.Value(dialedKey{}).(*net.Conn); ok {
			*dialed = conn
		}
		return conn, err
	}
	connector, err := mysql.NewConnector(c)
	return mysqlConnector{connector}, err
}

// mysqlConnector opens connections. It recovers from the driver's panic at a
// truncated handshake: the pool would count that connection forever. It cannot end
// one goroutine that the driver leaves behind then.
type mysqlConnector struct{ driver.Connector }

// dialedKey is a context's key for the variable that receives the dialed connection.
type dialedKey struct{}

// Connect implements driver.Connector.
func (c mysqlConnector) Connect(ctx context.Context) (conn driver.Conn, err error) {
	var dialed net.Conn
	defer func() {
		if recover() == nil {
			return
		}
		if dialed != nil {
			_ = dialed.Close()
		}
		conn, err = nil, errNoMySQL
	}()
	return c.Connector.Connect(context.WithValue(ctx, dialedKey{}, &dialed))
}

var errNoMySQL = fmt.Errorf("the server does not speak MySQL's protocol (%w)", mysql.ErrInvalidConn)

// silent is a logger that drops its messages. The driver would write them to
// standard error, and it returns the same errors.
type silent struct{}

func (silent) Print(...any) {}

func mysqlKind(err error) errorKind {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		switch e.Number {
		case 1213, 1020: // deadlock; the record has changed since the last read
			return conflict
		case 1062:
			return duplicate
		case 1054, 1146:
			return missing
		case 1205:
			return busy
		case 1021, 1114, 1030:
			return full
		case 1044, 1045, 1049, 1698, // the user, or the database, is denied access
			1040, 1053, 1077, 1203, 2002, 2003, 2006, 2013:
			return lost
		}
		return otherError
	}
	if errors.Is(err, mysql.ErrInvalidConn) {
		return lost
	}
	return otherError
}

// mysqlText returns the server's message with its number.
func mysqlText(e *mysql.MySQLError) string {
	return fmt.Sprintf("%s (MySQL %d)", strings.TrimSuffix(e.Message, "."), e.Number)
}
