//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	soakUsers = 100
	// crowdPatience limits each wait of a user. All of them log in at once.
	crowdPatience = 2 * time.Minute
	// soakShort is the duration in make e2e. make soak-gateway sets another one.
	soakShort = 45 * time.Second
	// faultPause is the mean time between two faults.
	faultPause = 8 * time.Second
	// faultMargin is how long before a fault and after the recovery messages may be on their way,
	// on a machine that is not busy.
	faultMargin = 2 * time.Second
)

// soakScript repeats messages, and has one other occupant in each room.
const soakScript = `local on = {}
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", status = "online" }
end
function on.join_room(session, m)
  session:participant_changed { room = m.room, nickname = "echo", status = "online" }
  session:participant_changed { room = m.room, nickname = m.nickname, status = "online", flag = { "me" } }
end
function on.conv_message(session, m)
  local inRoom = m.buddy_name:sub(1, 1) == "#"
  session:conv_message { buddy_name = m.buddy_name, message = m.message, nickname = inRoom and "echo" or nil }
end
return on
`

// gatewaySoak is serve with many users, while the server and the connection to it fail.
type gatewaySoak struct {
	bed   *bed
	relay *relay
	users []*soakUser
	begin time.Time

	logins, heard, presences atomic.Int64
	deaf                     atomic.Int64 // logins at the server after which the transport stayed offline
	requests                 atomic.Int64 // for a subscription, at the users
	newest                   atomic.Int64 // when the newest message that was answered was sent, in ns

	// Counters of the connection between the transport and the server.
	probes, ours, theirs atomic.Int64

	faults []fault
}

// A fault is a time without a connection to the server.
type fault struct {
	kind            string
	begin, recovery time.Time
}

func (s *gatewaySoak) echoed(sent time.Time) {
	for at := sent.UnixNano(); ; {
		old := s.newest.Load()
		if at <= old || s.newest.CompareAndSwap(old, at) {
			return
		}
	}
}

// count counts the presence stanzas that pass the relay.
func (s *gatewaySoak) count(ours bool, data []byte) {
	n := int64(bytes.Count(data, []byte("<presence")))
	if !ours {
		s.theirs.Add(n)
		return
	}
	s.ours.Add(n)
	s.probes.Add(int64(bytes.Count(data, []byte("'probe'")) + bytes.Count(data, []byte(`"probe"`))))
}

// TestServeSoak runs for E2E_SOAK. Users connect and leave, and write to a contact and a room,
// while the XMPP server restarts, and the connection to it is cut, closed and stalled. Each
// message that was not on its way at a fault must be answered exactly once. Presence stanzas
// and requests for subscriptions are counted, and the process must not grow.
func TestServeSoak(t *testing.T) {
	duration := soakShort
	if text := os.Getenv("E2E_SOAK"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	} else {
		t.Parallel()
	}
	s := newGatewaySoak(t)
	prepared := s.counters()
	t.Logf("%d users are registered: %v", soakUsers, prepared)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	end, cancelEnd := context.WithTimeout(context.Background(), duration+5*time.Minute)
	defer cancelEnd()
	s.begin = time.Now()
	var living sync.WaitGroup
	for _, u := range s.users {
		living.Go(func() { u.live(ctx, end) })
	}
	memory := s.spoil(ctx, s.begin.Add(duration))
	cancel()
	living.Wait()
	s.report(prepared, memory)
}

func newGatewaySoak(t *testing.T) *gatewaySoak {
	t.Helper()
	names := make([]string, soakUsers)
	for i := range names {
		names[i] = "u" + strconv.Itoa(i)
	}
	b := prepareBed(t, bedConfig{serve: true, script: soakScript, users: []string{}})
	for _, name := range names { // prosodyctl would take a second for each
		b.write("server/localhost/accounts/"+name+".dat", `return { ["password"] = "`+password+`" }`)
	}
	s := &gatewaySoak{bed: b, relay: b.relay()}
	s.relay.watch = s.count
	b.startSpectrum()
	b.waitSpectrum()
	for i, name := range names {
		s.users = append(s.users, &soakUser{soak: s, name: name, stays: i%2 == 0, sent: map[int]*soakMessage{}})
	}
	var preparing sync.WaitGroup
	for _, u := range s.users {
		preparing.Go(func() {
			if err := u.prepare(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	preparing.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return s
}

// spoil makes faults until the end, and returns the memory of the process over time, in kB.
func (s *gatewaySoak) spoil(ctx context.Context, end time.Time) []int {
	b := s.bed
	kinds := []struct {
		name string
		do   func()
	}{
		{"restart", func() {
			if _, err := b.server.stop(b.patience); err != nil {
				b.t.Error(err)
			}
			sleep(ctx, rand.N(3*time.Second))
			b.restartXMPP()
		}},
		{"cut in a stanza", s.relay.cutNext},
		{"closed", s.relay.closeAll},
		{"stalled", func() {
			s.relay.stall()
			sleep(ctx, rand.N(5*time.Second))
			s.relay.closeAll()
		}},
	}
	var memory []int
	for i := 0; ; i++ {
		for until := time.Now().Add(faultPause/2 + rand.N(faultPause)); time.Now().Before(until); {
			sleep(ctx, time.Second)
			memory = append(memory, s.resident())
		}
		if time.Now().After(end) {
			return memory
		}
		kind := kinds[i%len(kinds)]
		f := fault{kind: kind.name, begin: time.Now()}
		kind.do()
		over := time.Now()
		b.until("messages are answered after: "+kind.name, func() bool { return s.newest.Load() > over.UnixNano() })
		f.recovery = time.Now()
		s.faults = append(s.faults, f)
	}
}

// resident returns the resident memory of serve in kB.
func (s *gatewaySoak) resident() int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.bed.spectrum.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kB, _ := strconv.Atoi(fields[0])
	return kB
}

func (s *gatewaySoak) counters() soakCounters {
	return soakCounters{
		logins: s.logins.Load(), presences: s.presences.Load(), requests: s.requests.Load(),
		probes: s.probes.Load(), ours: s.ours.Load(), theirs: s.theirs.Load(),
	}
}

// soakCounters are the presence stanzas so far.
type soakCounters struct{ logins, presences, requests, probes, ours, theirs int64 }

func (c soakCounters) String() string {
	return fmt.Sprintf("%d logins, %d presences at users, %d requests for subscriptions; at the server %d presences of serve, %d of them probes, and %d for it",
		c.logins, c.presences, c.requests, c.ours, c.probes, c.theirs)
}

func (c soakCounters) minus(o soakCounters) soakCounters {
	return soakCounters{c.logins - o.logins, c.presences - o.presences, c.requests - o.requests, c.probes - o.probes, c.ours - o.ours, c.theirs - o.theirs}
}

// faultAt returns the kind of the fault at which a message of this time may have been on its
// way, or "".
func (s *gatewaySoak) faultAt(at time.Time, margin time.Duration) string {
	for _, f := range s.faults {
		if at.After(f.begin.Add(-margin)) && at.Before(f.recovery.Add(margin)) {
			return f.kind
		}
	}
	return ""
}

// margin returns faultMargin and the time that the slowest ordinary answer took, twice: a busy
// server confirms late what it has received.
func (s *gatewaySoak) margin() time.Duration {
	var slowest time.Duration
	for _, u := range s.users {
		u.mu.Lock()
		for _, m := range u.sent {
			if m.echoes == 1 && s.faultAt(m.at, faultMargin) == "" {
				slowest = max(slowest, m.took)
			}
		}
		u.mu.Unlock()
	}
	s.bed.t.Logf("the slowest answer without a fault took %v", slowest.Round(time.Millisecond))
	return faultMargin + 2*slowest
}

// report checks and logs the counters.
func (s *gatewaySoak) report(before soakCounters, memory []int) {
	t := s.bed.t
	t.Helper()
	var sent, answered, bounced int
	lost, twice := map[string]int{}, map[string]int{} // by the kind of the fault
	margin := s.margin()
	for _, u := range s.users {
		u.mu.Lock()
		for n, m := range u.sent {
			sent++
			answered += min(m.echoes, 1)
			during := s.faultAt(m.at, margin)
			switch {
			case m.echoes == 0 && m.bounced:
				bounced++
			case m.echoes == 0 && during != "":
				lost[during]++
			case m.echoes == 0:
				t.Errorf("message %d of %s, sent after %v, was not answered", n, u.name, m.at.Sub(s.begin))
			case m.echoes > 1 && during != "":
				twice[during] += m.echoes - 1
			case m.echoes > 1:
				t.Errorf("message %d of %s, sent after %v, was answered %d times", n, u.name, m.at.Sub(s.begin), m.echoes)
			}
		}
		u.mu.Unlock()
	}
	kinds, slowest := map[string]int{}, time.Duration(0)
	for _, f := range s.faults {
		kinds[f.kind]++
		slowest = max(slowest, f.recovery.Sub(f.begin))
	}
	t.Logf("%v: %d faults %v, the slowest recovery took %v", time.Since(s.begin).Round(time.Second), len(s.faults), kinds, slowest.Round(time.Millisecond))
	t.Logf("%d messages: %d answered, %d returned with an error; around faults without an answer %v, repeated %v; %d messages of rooms",
		sent, answered, bounced, lost, twice, s.heard.Load())
	if n := s.deaf.Load(); n != 0 {
		t.Errorf("%d times the transport stayed offline for an online user for %v", n, crowdPatience)
	}
	s.checkPresences(s.counters().minus(before))
	s.checkMemory(memory)
	log := s.bed.log("backend-1.log")
	if n := strings.Count(log, "no connection to the XMPP server"); n > len(s.faults) {
		t.Errorf("%d lines in the log for %d outages", n, len(s.faults))
	}
	for _, bad := range []string{" ERROR ", "panic", "stanzas are lost"} {
		if i := strings.Index(log, bad); i >= 0 {
			t.Errorf("the log of serve: %.300s", log[max(0, i-100):])
		}
	}
}

// checkPresences checks that there was no storm.
func (s *gatewaySoak) checkPresences(c soakCounters) {
	t := s.bed.t
	t.Helper()
	t.Logf("%v", c)
	if c.requests != 0 {
		t.Errorf("%d requests for subscriptions that users have", c.requests)
	}
	faults := int64(len(s.faults) + 1)
	if most := faults*soakUsers + c.logins; c.probes > most {
		t.Errorf("%d probes, more than %d", c.probes, most)
	}
	if most := 12*c.logins + 6*faults*soakUsers; c.ours > most {
		t.Errorf("serve has sent %d presences, more than %d", c.ours, most)
	}
}

// checkMemory compares the last quarter of the time with the second one.
func (s *gatewaySoak) checkMemory(memory []int) {
	t := s.bed.t
	t.Helper()
	if len(memory) < 8 {
		t.Errorf("the memory was measured %d times", len(memory))
		return
	}
	quarter := len(memory) / 4
	median := func(of []int) int {
		of = slices.Sorted(slices.Values(of))
		return of[len(of)/2]
	}
	first, last := median(memory[quarter:2*quarter]), median(memory[len(memory)-quarter:])
	t.Logf("resident memory: %d kB in the second quarter of the time, %d kB in the last; at most %d kB", first, last, slices.Max(memory))
	if last > first*11/10+4<<10 {
		t.Errorf("the process grows: %d kB, then %d kB resident", first, last)
	}
}
