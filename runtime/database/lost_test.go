package database_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"spectrumlua/runtime/database"
)

// TestLostConnection has a server that ends a connection while a statement runs, before and in
// the middle of its answer.
func TestLostConnection(t *testing.T) {
	for _, c := range []struct{ at, sends string }{
		{"begin", ""}, {"begin", "C\x00\x00\x00"}, {"SELECT", ""}, {"SELECT", "D"}, {"commit", ""}, {"commit", "C\x00\x00\x00\x0eCOM"},
	} {
		t.Run(c.at+" "+c.sends, func(t *testing.T) {
			p, err := database.Parse("postgres://bot:x@"+unreliable(t, c.at, c.sends)+"/postgres", "/")
			if err != nil {
				t.Fatal(err)
			}
			db := open(t, p)
			err = func() error {
				tx, err := db.BeginDefault(context20(t))
				if err != nil {
					return err
				}
				if _, err := tx.Exec(context20(t), "SELECT 1"); err != nil {
					tx.Rollback()
					return err
				}
				return tx.Commit()
			}()
			if !errors.Is(err, database.ErrLost) || !strings.Contains(err.Error(), "cannot be reached") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// unreliable returns the address of a server that speaks PostgreSQL's protocol. It ends the
// connection at a statement that begins with at, after the bytes of sends.
func unreliable(t *testing.T, at, sends string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(pgproto3.NewBackend(conn, conn), at)
				_, _ = conn.Write([]byte(sends))
			}()
		}
	}()
	return l.Addr().String()
}

// answer accepts any user and answers statements without a result, until one begins with at.
func answer(b *pgproto3.Backend, at string) {
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	for {
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if b.Flush() != nil {
			return
		}
		text := ""
		for synced := false; !synced; {
			m, err := b.Receive()
			if err != nil {
				return
			}
			switch m := m.(type) {
			case *pgproto3.Query:
				text, synced = m.String, true
			case *pgproto3.Parse:
				text = m.Query
				b.Send(&pgproto3.ParseComplete{})
			case *pgproto3.Bind:
				b.Send(&pgproto3.BindComplete{})
			case *pgproto3.Describe:
				b.Send(&pgproto3.NoData{})
			case *pgproto3.Sync:
				synced = true
			}
		}
		if strings.HasPrefix(text, at) {
			return
		}
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")})
	}
}
