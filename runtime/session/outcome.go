package session

import (
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/logging"
)

// outcome is the result of a login. Each change of it writes one log line.
type outcome int

const (
	pending  outcome = iota // neither CONNECTED nor DISCONNECTED has been sent
	loggedIn                // CONNECTED
	failed                  // DISCONNECTED before CONNECTED
	lost                    // DISCONNECTED after CONNECTED
)

// line is a line of the log that unlock writes.
type line struct {
	log   *logrus.Entry
	level logrus.Level
	text  string
}

// later makes unlock write a line. r.mu is held.
func (r *Registry) later(log *logrus.Entry, level logrus.Level, text string) {
	r.lines = append(r.lines, line{log, level, text})
}

// unlock unlocks r.mu and writes the lines of later. Writing a line takes longer than
// Receive needs for a LOGIN, which would wait for r.mu.
func (r *Registry) unlock() {
	lines := r.lines
	r.lines = nil
	if len(lines) == 0 {
		r.mu.Unlock()
		return
	}
	r.writing.Lock() // while r.mu is held, so that the lines stay in order
	defer r.writing.Unlock()
	r.mu.Unlock()
	for _, l := range lines {
		l.log.Log(l.level, l.text)
	}
}

// logConnected logs a successful login. r.mu is held, as for all methods below, and unlock
// has to be called.
func (r *Registry) logConnected(s *Session) {
	if s.outcome == pending {
		s.outcome = loggedIn
		r.outcomes.Logins++
		r.later(r.logLogin(s), logrus.InfoLevel, "logged in")
	}
}

// logDisconnected logs a failed login or the loss of a connection. pause is the time until
// the login is retried, or 0. Further failures of an outage are logged at the debug level.
func (r *Registry) logDisconnected(s *Session, d *pb.Disconnected, pause time.Duration) {
	var log *logrus.Entry
	message := "login failed"
	switch s.outcome {
	case pending:
		s.outcome, log = failed, r.logLogin(s)
		count(&r.outcomes.Failed, d.GetError())
	case loggedIn:
		s.outcome, log = lost, r.logLasted(s)
		count(&r.outcomes.Lost, d.GetError())
		message = "connection lost"
	default:
		return
	}
	log = log.WithFields(logrus.Fields{"error": d.GetError().String(), "reason": d.GetMessage()})
	level := logrus.InfoLevel
	if pause > 0 {
		log = log.WithField("retry", pause.Round(time.Millisecond).String())
		if r.pauses.users[s.User].count > 1 {
			level = logrus.DebugLevel
		}
	}
	r.later(log, level, message)
}

// logEnd logs a logout, unless the log has reported a lost connection or a failed
// login.
func (r *Registry) logEnd(s *Session, why error) {
	switch s.outcome {
	case pending:
		s.outcome = failed
		r.outcomes.Abandoned++
		r.later(r.logLogin(s).WithField("reason", why.Error()), logrus.InfoLevel, "login given up")
	case loggedIn:
		s.outcome = lost
		log := r.logLasted(s)
		if why != errLoggedOut { //nolint:errorlint // it is never wrapped
			log = log.WithField("reason", why.Error())
		}
		r.later(log, logrus.InfoLevel, "logged out")
	}
}

// logLogin returns the log for the result of a login, with the time that it took.
func (r *Registry) logLogin(s *Session) *logrus.Entry {
	log := r.logOf(s.User).WithFields(logrus.Fields{"took": r.lasted(s.asked), logging.KeepField: true})
	if s.waited > 0 {
		log = log.WithField("waited", s.waited.Round(time.Millisecond).String())
	}
	if f := r.pauses.users[s.User]; s.backlog.holding && f != nil {
		log = log.WithField("failures", f.count)
	}
	return log
}

// logLasted returns the log for the end of a connection, with its duration.
func (r *Registry) logLasted(s *Session) *logrus.Entry {
	return r.logOf(s.User).WithFields(logrus.Fields{"after": r.lasted(s.connected), logging.KeepField: true})
}

func (r *Registry) lasted(since time.Time) string {
	return clock.Since(r.clock, since).Round(time.Millisecond).String()
}

// withoutSecrets removes secrets from the text of a DISCONNECTED. The text is
// usually a script's error.
func (r *Registry) withoutSecrets(payload []byte) []byte {
	var d pb.Disconnected
	if r.opts.Secrets == nil || proto.Unmarshal(payload, &d) != nil {
		return payload
	}
	clean := r.opts.Secrets.Hide(d.GetMessage())
	if clean == d.GetMessage() {
		return payload
	}
	d.Message = &clean
	hidden, err := proto.Marshal(&d)
	if err != nil {
		return payload // impossible: it has just been parsed
	}
	return hidden
}
