package session

import (
	"cmp"
	"maps"
	"slices"

	"spectrumlua/pb"
)

// Stats are numbers about all sessions.
type Stats struct {
	// States has the number of sessions in each of StateNames.
	States map[string]int
	// Retries is the number of logins that were retried without telling Spectrum, and
	// Pending the number of sessions that wait for one.
	Retries uint64
	Pending int
	// Messages and Bytes wait in mailboxes, or until a user is connected again.
	Messages, Bytes int
	Outcomes
}

// Outcomes counts the outcomes of logins since the start.
type Outcomes struct {
	// Logins is the number of logins that succeeded.
	Logins uint64
	// Failed has the logins that failed before CONNECTED, by the error of DISCONNECTED. Lost
	// has the connections that ended with an error after it.
	Failed, Lost map[pb.ConnectionError]uint64
	// Abandoned counts logins whose users left before the result.
	Abandoned uint64
}

// StateNames are the names of all states.
var StateNames = []string{StateLogin, StateOnline, StateFailed, StateRetry, StateWaiting, StateLogout}

// Stats returns the numbers at this moment.
func (r *Registry) Stats() Stats {
	s := Stats{States: make(map[string]int, len(StateNames))}
	s.Messages, s.Bytes = r.budget.count()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	for one := range r.all {
		s.States[r.stateOf(one, now)]++
		if one.state == waiting && one.backlog.holding {
			s.Pending++
		}
	}
	s.Retries, s.Outcomes = r.retried, r.outcomes
	s.Failed, s.Lost = maps.Clone(s.Failed), maps.Clone(s.Lost)
	return s
}

// Mailbox is the mailbox of a user who is logged in.
type Mailbox struct {
	User     string
	Messages int
	Bytes    int64
}

// Mailboxes returns the mailboxes of the users who are logged in, sorted by their JIDs, and
// at most the first ones.
func (r *Registry) Mailboxes(most int) []Mailbox {
	sessions := r.Sessions()
	slices.SortFunc(sessions, func(a, b *Session) int { return cmp.Compare(a.User, b.User) })
	sessions = sessions[:min(len(sessions), most)]
	all := make([]Mailbox, len(sessions))
	for i, s := range sessions {
		all[i] = Mailbox{s.User, s.owner.Waiting(), s.queued.Load()}
	}
	return all
}

// count adds an error to a map, which it makes if necessary.
func count(all *map[pb.ConnectionError]uint64, e pb.ConnectionError) {
	if *all == nil {
		*all = map[pb.ConnectionError]uint64{}
	}
	(*all)[e]++
}
