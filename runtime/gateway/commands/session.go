package commands

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"sync"
	"time"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
)

// sessionTime is how long a user may take to fill in a form.
const sessionTime = time.Hour

// Reasons for a bad request (XEP-0050, section 4.4), and for a session that is over.
const (
	badAction       = "bad-action"
	badPayload      = "bad-payload"
	badSession      = "bad-sessionid"
	malformedAction = "malformed-action"
	expired         = "session-expired"
)

// wrong returns the error for a step that is wrong.
func wrong(reason, format string, args ...any) *stanza.Error {
	e := stanza.Errorf(stanza.BadRequest, format, args...)
	if reason == expired {
		e.Condition = stanza.NotAllowed
	}
	e.App = stanza.App{Space: stanza.Commands, Name: reason}
	return e
}

// key makes the ids of sessions. It is new in each process.
type key struct {
	once  sync.Once
	bytes [32]byte
}

var keys router.Common[key]

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// The id of a session has the time of its begin in seconds, then a code for the user, the
// command and the time.
const (
	timeSize = 8
	codeSize = 16
)

// begin returns the id of a new session.
func begin(u *router.User, c *command) string {
	at := binary.BigEndian.AppendUint64(nil, uint64(u.Router().Clock.Now().Unix()))
	return encoding.EncodeToString(append(at, code(u, c, at)...))
}

// check returns why a session cannot continue, or nil.
func check(u *router.User, c *command, session string) *stanza.Error {
	id, err := encoding.DecodeString(session)
	if err != nil || len(id) != timeSize+codeSize || !hmac.Equal(id[timeSize:], code(u, c, id[:timeSize])) {
		return wrong(badSession, "The session of the command does not exist. Start the command again.")
	}
	begun := time.Unix(int64(binary.BigEndian.Uint64(id)), 0)
	if u.Router().Clock.Now().Sub(begun) > sessionTime {
		return wrong(expired, "The session of the command is over. Start the command again.")
	}
	return nil
}

func code(u *router.User, c *command, at []byte) []byte {
	k := keys.Of(u.Router())
	k.once.Do(func() { _, _ = rand.Read(k.bytes[:]) }) // it never fails
	h := hmac.New(sha256.New, k.bytes[:])
	for _, part := range []string{u.JID, c.node, string(at)} {
		h.Write(append([]byte(part), 0))
	}
	return h.Sum(nil)[:codeSize]
}
