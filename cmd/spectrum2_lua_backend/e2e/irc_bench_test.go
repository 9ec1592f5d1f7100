//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// The size of TestIRCBench.
const (
	benchUsers    = 1000 // each in their own room
	benchRoom     = 100  // of them, in one more room
	benchSpeakers = 5    // on IRC, who speak in it
	benchLines    = 100  // of each speaker, in a round
	benchRounds   = 7
	benchFirst    = 8 // users who log in before the memory is measured
)

// benchFigures are the measurements of one backend.
type benchFigures struct {
	perUser float64   // bytes
	rates   []float64 // messages to users in a second, in each round
	costs   []float64 // processor time for each of them, in µs
}

// TestIRCBench measures our script and the C++ backend alternately: the memory for each user
// and the cost of a room's messages. Both use the same ngIRCd. It runs only with E2E_BENCH,
// needs an otherwise idle machine, and does not check correctness.
func TestIRCBench(t *testing.T) {
	if os.Getenv("E2E_BENCH") == "" {
		t.Skip("only with E2E_BENCH=1: see make bench-irc")
	}
	s, err := simulator.Listen(simulator.IPv4, simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	var server *ircServer
	var loads []*ircLoad
	var beds []*bed
	figures := make([]benchFigures, 2)
	for i, name := range []string{"irc.lua", "libcommuni"} {
		b := loadBed(t, i == 0)
		if server == nil {
			server = startIRC(t, b)
		}
		b.config.service = "irc_server=" + server.address()
		b.configureSpectrum()
		// Do not measure logging.
		b.write("backend-logging.cfg", strings.Replace(b.log("backend-logging.cfg"), "=DEBUG", "=WARN", 1))
		l := launchIRC(t.Context(), s, b, name, name[:1])
		figures[i].perUser = benchMemory(b, l)
		beds, loads = append(beds, b), append(loads, l)
	}
	var speakers [][]*ircUser
	for i, l := range loads {
		speakers = append(speakers, benchGather(beds[i], server, l))
	}
	for round := range benchRounds {
		order := []int{0, 1}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, i := range order {
			rate, cost := benchSpeak(beds[i], loads[i], speakers[i])
			figures[i].rates = append(figures[i].rates, rate)
			figures[i].costs = append(figures[i].costs, cost)
		}
	}
	table := benchTable(figures)
	_ = server.process.cmd.Process.Kill() // a normal stop with this many clients takes long
	fmt.Print(table)
	document(t, benchBegin, table)
}

// benchMemory returns the memory for each user.
func benchMemory(b *bed, l *ircLoad) float64 {
	b.t.Helper()
	l.enter(b, 0, benchFirst) // the first users cause one-time allocations
	before := l.rss(b)
	begin := time.Now()
	l.enter(b, benchFirst, benchUsers+benchFirst)
	b.t.Logf("%s: %d logins and joins in %v", l.name, benchUsers, time.Since(begin).Round(time.Millisecond))
	return float64(l.rss(b)-before) / benchUsers
}

// benchGather makes users and speakers join one room.
func benchGather(b *bed, server *ircServer, l *ircLoad) []*ircUser {
	b.t.Helper()
	room := "#crowd-" + l.prefix
	before := l.joined.Load()
	for n := range benchRoom {
		l.join(b, n, room)
		// One after the other, because each join goes to all occupants.
		l.await(b, "users in the room", &l.joined, before+int64(n)+1)
	}
	var speakers []*ircUser
	for n := range benchSpeakers {
		u := server.user(fmt.Sprintf("speaker-%s%d", l.prefix, n))
		u.join(room)
		speakers = append(speakers, u)
	}
	return speakers
}

// benchSpeak makes the speakers send their lines, and waits until every user has received
// all of them.
func benchSpeak(b *bed, l *ircLoad, speakers []*ircUser) (rate, cost float64) {
	b.t.Helper()
	const lines = benchLines * benchSpeakers * benchRoom
	room := "#crowd-" + l.prefix
	text := strings.Repeat("word ", 12)
	from, cpu, begin := l.delivered.Load(), l.cpu(b), time.Now()
	for line := range benchLines {
		for _, u := range speakers {
			// Each line is new: a backend may handle a line once for all users, but not twice.
			u.send("PRIVMSG %s :%d.%d %s", room, from, line, text)
		}
	}
	l.await(b, "messages", &l.delivered, from+lines)
	took, used := time.Since(begin), l.cpu(b)-cpu
	return lines / took.Seconds(), float64(used.Microseconds()) / lines
}

func benchTable(figures []benchFigures) string {
	ours, theirs := figures[0], figures[1]
	var s strings.Builder
	s.WriteString("| | irc.lua | libcommuni | irc.lua : libcommuni |\n|---|--:|--:|--:|\n")
	row := func(what, format string, our, their float64) {
		fmt.Fprintf(&s, "| %s | "+format+" | "+format+" | %.2f |\n", what, our, their, our/their)
	}
	row("memory for each user in a room, kB", "%.1f", ours.perUser/1024, theirs.perUser/1024)
	row(fmt.Sprintf("messages of a room to %d users, in a second", benchRoom), "%.0f", median(ours.rates), median(theirs.rates))
	row("processor time for each, µs", "%.1f", median(ours.costs), median(theirs.costs))
	return s.String()
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
