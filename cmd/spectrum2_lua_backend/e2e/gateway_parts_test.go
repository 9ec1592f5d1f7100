//go:build e2e

package e2e_test

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// measureStarts starts and stops the transports. The first start of each fills the system's
// caches and does not count.
func (g *gatewayBench) measureStarts() {
	for round := range 1 + g.starts {
		g.inTurn(round, func(s *gatewaySide) {
			s.bed.stopSpectrum()
			took := g.start(s.bed)
			if round > 0 {
				s.add(figureStart, ms(took))
			}
		})
	}
}

// measureTalk measures messages from user to user through IRC.
func (g *gatewayBench) measureTalk() {
	for _, s := range g.sides {
		g.online(s, g.talkers)
		g.talkFor(s, g.talk/2) // the first messages cause one-time allocations
	}
	for round := range g.rounds {
		g.inTurn(round, func(s *gatewaySide) {
			var n int64
			took, used := g.measured(s, "messages between users", func() { n = g.talkFor(s, g.talk) })
			s.add(figureTalkRate, float64(n)/took.Seconds())
			s.add(figureTalkCPU, us(used)/float64(n))
			s.add(figureTalkProsody, s.prosody)
		})
	}
}

// talkFor keeps messages in flight for a while and returns how many have arrived.
func (g *gatewayBench) talkFor(s *gatewaySide, d time.Duration) int64 {
	g.Helper()
	begin := s.talked.Load()
	text := strings.Repeat("word ", 12)
	var mu sync.Mutex
	open, sent := true, int64(0)
	say := func(user int) {
		mu.Lock()
		defer mu.Unlock()
		if open {
			sent++
			s.say(user, g.talkers, fmt.Sprint(sent, text))
		}
	}
	s.next.Store(&say)
	for i := range g.inFlight {
		say(i % g.talkers)
	}
	time.Sleep(d)
	mu.Lock()
	open = false
	mu.Unlock()
	s.await("messages between users", &s.talked, begin+sent)
	return sent
}

// measureLogins logs users in at once, and asks the transport meanwhile.
func (g *gatewayBench) measureLogins() {
	for _, s := range g.sides {
		g.knows(s, g.logins+1)
		g.online(s, 1) // who asks
		s.ask(0)
	}
	for round := range g.rounds {
		g.inTurn(round, func(s *gatewaySide) {
			g.gone()
			longest, online := time.Duration(0), int64(0)
			took, used := g.measured(s, "logins", func() {
				done := make(chan struct{})
				asked := make(chan time.Duration)
				go func() { asked <- g.askUntil(s, done) }()
				s.appear(1, g.logins+1)
				online = s.arrived(int64(g.logins+1), patience)
				close(done)
				longest = <-asked
			})
			g.failed(s, "logins at once", g.logins+1-int(online), g.logins)
			s.add(figureLogins, took.Seconds())
			s.add(figureLoginCPU, us(used)/float64(g.logins))
			s.add(figureLoginAnswer, ms(longest))
			s.leave(1, g.logins+1)
		})
	}
}

// mayFail reports whether a side may fail: only Spectrum at full size.
func (g *gatewayBench) mayFail(s *gatewaySide) bool {
	return !s.bed.config.serve && g.gatewaySize.room == fullGateway.room
}

// failed notes that some of all attempts of a side have failed.
func (g *gatewayBench) failed(s *gatewaySide, what string, missing, all int) {
	g.Helper()
	if missing == 0 {
		return
	}
	if !g.mayFail(s) {
		g.Errorf("%s: %d of %d %s failed", s.bed.name(), missing, all, what)
	}
	attempts := fmt.Sprintf("of %d %s failed with %s", all, what, s.bed.name())
	g.failures[attempts] = append(g.failures[attempts], missing)
}

// askUntil asks the transport repeatedly and returns the longest time until an answer.
func (g *gatewayBench) askUntil(s *gatewaySide, done chan struct{}) (longest time.Duration) {
	for i := 1; ; i++ {
		longest = max(longest, s.ask(i))
		select {
		case <-done:
			return longest
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// measureMemory reads the memory with more and more users. The limit of descriptors allows
// the largest number only for one side at a time.
func (g *gatewayBench) measureMemory() {
	for _, s := range g.sides {
		s.bed.stopSpectrum() // the memory of earlier parts does not count
		s.forget()
		g.start(s.bed)
	}
	g.gone()
	for i, n := range g.memory {
		g.inTurn(i, func(s *gatewaySide) {
			for _, other := range g.sides {
				if other != s && int(other.online.Load()) > g.room {
					g.online(other, g.room)
					g.gone()
				}
			}
			begin := time.Now()
			g.online(s, n)
			took := time.Since(begin)
			time.Sleep(g.settle)
			used := s.bed.memory(s.bed.ofTransport()) / 1e6
			s.add(figureMemory(n), used)
			g.Logf("%s: %d users are online after %v and take %.1f MB", s.bed.name(), n, took.Round(time.Millisecond), used)
		})
	}
}

// measureRoom measures the joins of a room by all its occupants, and messages to them.
func (g *gatewayBench) measureRoom() {
	for _, s := range g.sides {
		g.online(s, g.room)
	}
	for round := range g.joins {
		g.inTurn(round, func(s *gatewaySide) {
			room := fmt.Sprintf("#%s%d", s.prefix, round)
			took, used := g.measured(s, "joins", func() { s.inRoom = s.join(room, 0, g.room) })
			g.failed(s, "joins of a room", g.room-s.inRoom, g.room)
			if s.inRoom == g.room {
				s.add(figureJoins, took.Seconds())
				s.add(figureJoinCPU, ms(used)/float64(g.room))
			}
		})
	}
	for _, s := range g.sides {
		g.speaker.join(g.roomOf(s))
	}
	for round := range 1 + g.rounds {
		g.inTurn(round, func(s *gatewaySide) {
			if s.inRoom < g.room {
				return // its connections come and go
			}
			took, used := g.measured(s, "messages of a room", func() { g.speak(s, round) })
			if round > 0 {
				n := float64(g.lines * g.room)
				s.add(figureRoomRate, n/took.Seconds())
				s.add(figureRoomCPU, us(used)/n)
				s.add(figureRoomProsody, s.prosody)
			}
		})
	}
}

func (g *gatewayBench) roomOf(s *gatewaySide) string {
	return fmt.Sprintf("#%s%d", s.prefix, g.joins-1)
}

// speak sends lines to the room from IRC, and waits until all occupants have all of them.
func (g *gatewayBench) speak(s *gatewaySide, round int) {
	g.Helper()
	from, text := s.heard.Load(), strings.Repeat("word ", 12)
	for line := range g.lines {
		// Each line is new: a backend may handle a line once for all users, but not twice.
		g.speaker.send("PRIVMSG %s :%d.%d %s", g.roomOf(s), round, line, text)
	}
	s.await("messages of a room", &s.heard, from+int64(g.lines*g.room))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
