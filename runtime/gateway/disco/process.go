package disco

import (
	"strconv"
	"sync/atomic"
	"time"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/version"
)

// started has the time of the first connection to the XMPP server.
var started router.Common[atomic.Pointer[time.Time]]

func start(u *router.User) {
	r := u.Router()
	now := r.Clock.Now()
	started.Of(r).CompareAndSwap(nil, &now)
}

// softwareVersion answers which program this is (XEP-0092). The operating system is nobody's
// business.
func softwareVersion(_ *router.User, s *router.Stanza) {
	s.Result(stanza.Element(stanza.Version, "query", nil,
		stanza.Text(stanza.Version, "name", "spectrum2-lua"),
		stanza.Text(stanza.Version, "version", version.String())))
}

// uptime answers how many seconds the transport has been available (XEP-0012, section 4).
func uptime(u *router.User, s *router.Stanza) {
	start(u) // a stanza may arrive before the hook has run
	r := u.Router()
	seconds := r.Clock.Now().Sub(*started.Of(r).Load()) / time.Second
	s.Result(stanza.Element(stanza.LastActivity, "query", stanza.Attrs{"seconds", strconv.FormatInt(int64(max(seconds, 0)), 10)}))
}

// entityTime answers with the time (XEP-0202).
func entityTime(u *router.User, s *router.Stanza) {
	now := u.Router().Clock.Now()
	s.Result(stanza.Element(stanza.Time, "time", nil,
		stanza.Text(stanza.Time, "tzo", now.Format("-07:00")),
		stanza.Text(stanza.Time, "utc", now.UTC().Format("2006-01-02T15:04:05Z"))))
}
