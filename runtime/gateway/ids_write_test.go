package gateway_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// otherProgram opens the database of a scene, which is in a folder, as another program does.
func (s *scene) otherProgram(dir string) *sql.Conn {
	s.t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.sql*"))
	if err != nil || len(all) == 0 {
		s.t.Fatalf("no database: %v", err)
	}
	db, err := sql.Open("sqlite", all[0])
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(s.ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestMessagesLeaveBeforeTheirIDsAreWritten holds the lock for writing until the messages have
// left. A write waits for the lock as long as a wait of the scene does.
func TestMessagesLeaveBeforeTheirIDsAreWritten(t *testing.T) {
	dir := t.TempDir()
	s := play(t, "", usersIn(dir))
	s.inRoom()
	other := s.otherProgram(dir)
	run := func(statement string) {
		t.Helper()
		if _, err := other.ExecContext(s.ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	pairs := func() (n int) {
		t.Helper()
		if err := other.QueryRowContext(context.WithoutCancel(s.ctx), "SELECT count(*) FROM spectrum2_lua_ids").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	run("PRAGMA busy_timeout=10000")
	run("BEGIN IMMEDIATE")
	m := s.writes(roomJID, "groupchat", "c1", `<body>hi</body>`)
	s.sent(m.GetId(), "41")
	s.expect("the message in the room", func(n *xmltree.Node) bool { return from(roomJID+"/alice", desktop)(n) && n.Name == "message" })
	long := strings.Repeat("x", 2000) // too long for a stanza id without a pair
	if got := stanza.Attr(s.fromCarol(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{Message: proto.String("hi"), Id: &long}), "id"); got == "" || len(got) > 1024 {
		t.Errorf("a message with a long id leaves with the id %.50q", got)
	}
	s.writes(carol, "chat", "c2", `<body>hi</body><request xmlns="urn:xmpp:receipts"/>`)
	s.sent("c2", "42")
	receipt := s.fromCarol(pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, &pb.ConversationMessage{Id: proto.String("42")})
	if got := stanza.Attr(stanza.Child(receipt, stanza.Receipts, "received"), "id"); got != "c2" {
		t.Errorf("the receipt is for %q, not c2", got)
	}
	if n := pairs(); n != 0 {
		t.Errorf("%d pairs are in the database", n)
	}
	run("ROLLBACK")

	const want = 3
	for n := pairs(); n != want; n = pairs() {
		if s.ctx.Err() != nil {
			t.Fatalf("%d pairs are in the database, not %d", n, want)
		}
		time.Sleep(time.Millisecond)
	}
	if strings.Contains(s.logged.String(), "cannot be stored") {
		t.Error("a write did not wait for the lock")
	}
}
