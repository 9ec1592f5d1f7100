package commands

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"maps"
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

// The id of a session has the time of its begin in seconds and a random number, then a code
// for the user, the command and both.
const (
	timeSize = 8
	headSize = timeSize + 8
	codeSize = 16
)

// maxEnded is the number of sessions that are known to have ended.
const maxEnded = 10_000

// ended has the sessions that have ended, with the times of their end, so that no client
// continues one of them.
type ended struct {
	mu  sync.Mutex
	all map[string]time.Time
}

var endings router.Common[ended]

// end notes that a session has ended. Those that are too old to continue need no note.
func end(u *router.User, session string) {
	e, now := endings.Of(u.Router()), u.Router().Clock.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.all) >= maxEnded {
		maps.DeleteFunc(e.all, func(_ string, at time.Time) bool { return now.Sub(at) > sessionTime })
	}
	if e.all == nil || len(e.all) >= maxEnded {
		e.all = map[string]time.Time{}
	}
	e.all[session] = now
}

func hasEnded(u *router.User, session string) bool {
	e := endings.Of(u.Router())
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ended := e.all[session]
	return ended
}

// begin returns the id of a new session.
func begin(u *router.User, c *command) string {
	head := make([]byte, headSize)
	binary.BigEndian.PutUint64(head, uint64(u.Router().Clock.Now().Unix()))
	_, _ = rand.Read(head[timeSize:]) // it never fails
	return encoding.EncodeToString(append(head, code(u, c, head)...))
}

// check returns why a session cannot continue, or nil.
func check(u *router.User, c *command, session string) *stanza.Error {
	id, err := encoding.DecodeString(session)
	if err != nil || len(id) != headSize+codeSize || !hmac.Equal(id[headSize:], code(u, c, id[:headSize])) {
		return wrong(badSession, "The session of the command does not exist. Start the command again.")
	}
	begun := time.Unix(int64(binary.BigEndian.Uint64(id)), 0)
	if u.Router().Clock.Now().Sub(begun) > sessionTime {
		return wrong(expired, "The session of the command is over. Start the command again.")
	}
	if hasEnded(u, session) {
		return wrong(badSession, "The session of the command has ended. Start the command again.")
	}
	return nil
}

func code(u *router.User, c *command, head []byte) []byte {
	k := keys.Of(u.Router())
	k.once.Do(func() { _, _ = rand.Read(k.bytes[:]) }) // it never fails
	h := hmac.New(sha256.New, k.bytes[:])
	for _, part := range []string{u.JID, c.node, string(head)} {
		h.Write(append([]byte(part), 0))
	}
	return h.Sum(nil)[:codeSize]
}
