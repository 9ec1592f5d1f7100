//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench"
)

// A gatewaySize is the size of TestGatewayBench.
type gatewaySize struct {
	rounds   int
	starts   int
	talkers  int // users who write to each other
	inFlight int // messages between them
	talk     time.Duration
	memory   []int         // users online when the memory is read
	settle   time.Duration // before that
	logins   int           // users who log in at once
	room     int           // occupants of a room
	lines    int           // messages to the room in a round
	joins    int           // rooms that all of them join, one after the other
}

var (
	fullGateway = gatewaySize{
		rounds: 7, starts: 9, talkers: 100, inFlight: 64, talk: 3 * time.Second,
		memory: []int{10, 1000, 10_000}, settle: 5 * time.Second, logins: 1000, room: 1000, lines: 20, joins: 1,
	}
	// smallGateway only shows that the benchmark runs.
	smallGateway = gatewaySize{
		rounds: 2, starts: 1, talkers: 4, inFlight: 2, talk: 200 * time.Millisecond,
		memory: []int{2, 6}, logins: 6, room: 6, lines: 2, joins: 2,
	}
)

// gatewayParts are the parts of the benchmark, in order.
var gatewayParts = []struct {
	name string
	run  func(g *gatewayBench)
}{
	{"start", (*gatewayBench).measureStarts},
	{"talk", (*gatewayBench).measureTalk},
	{"logins", (*gatewayBench).measureLogins},
	{"room", (*gatewayBench).measureRoom},
	{"memory", (*gatewayBench).measureMemory},
}

// A gatewayBench compares transports that use the same Prosody and ngIRCd.
type gatewayBench struct {
	*testing.T
	gatewaySize
	sides   []*gatewaySide
	irc     *ircServer
	speaker *ircUser // on IRC
	limits  []string // what may have limited a figure
	// failures has how many attempts have failed in each round, by what is said about them.
	failures map[string][]int
}

type gatewaySide struct {
	*crowdSide
	known   int     // users who are registered
	inRoom  int     // users who are in the last room
	prosody float64 // part of a processor that Prosody used in the last measurement
	samples map[figure][]float64
}

func (s *gatewaySide) add(f figure, value float64) { s.samples[f] = append(s.samples[f], value) }

// TestGatewayBench compares spectrum2-lua serve and scripts/irc.lua with Spectrum and Debian's
// C++ backend for IRC. Without E2E_BENCH it is small and only checks that each figure can be
// measured. E2E_BENCH is 1 or the names of some parts. With E2E_AGAINST, another spectrum2-lua
// takes the place of Spectrum.
func TestGatewayBench(t *testing.T) {
	g := &gatewayBench{T: t, gatewaySize: smallGateway, failures: map[string][]int{}}
	parts := os.Getenv("E2E_BENCH")
	if parts != "" {
		g.gatewaySize = fullGateway
	}
	g.prepare()
	for _, part := range gatewayParts {
		if parts == "" || parts == "1" || slices.Contains(strings.Split(parts, ","), part.name) {
			begin := time.Now()
			part.run(g)
			t.Logf("%s: %v, so far:\n%s", part.name, time.Since(begin).Round(time.Second), g.table())
		}
	}
	table := g.table()
	fmt.Print(table)
	g.stop()
	if os.Getenv("E2E_UPDATE") != "" && parts == "1" {
		page := filepath.Join(repository, "docs/admin/performance.md")
		if err := bench.Replace(page, gatewayBegin, gatewayEnd, "\n"+table+"\n"); err != nil {
			t.Fatal(err)
		}
	}
}

// prepare starts the XMPP server, the IRC server, the transports and the load client.
func (g *gatewayBench) prepare() {
	ours := bedConfig{
		jid: "ours.localhost", serve: true, quiet: true, users: []string{}, components: []string{crowdDomain, "theirs.localhost"},
		file: "scripts/irc.lua", files: ircModules(g.T), sections: "[irc]\nflood_seconds = 0\n[archive]\ndays = 0", // Spectrum has no archive
	}
	host := prepareBed(g.T, ours)
	theirs := bedConfig{jid: "theirs.localhost", inChroot: libcommuni, quiet: true, together: 100_000, users: []string{}}
	if other := os.Getenv("E2E_AGAINST"); other != "" {
		theirs = ours
		theirs.jid, theirs.components, theirs.backend = "theirs.localhost", nil, other
	}
	theirs.guestOf = host
	beds := []*bed{host, prepareBed(g.T, theirs)}
	g.irc = startIRC(g.T, host)
	for _, b := range beds {
		b.config.service = "irc_server=" + g.irc.address()
		b.configureSpectrum()
	}
	_, all := startCrowd(beds)
	for _, side := range all {
		g.sides = append(g.sides, &gatewaySide{crowdSide: side, samples: map[figure][]float64{}})
		g.start(side.bed)
	}
	g.speaker = g.irc.user("speaker")
}

// start starts a transport, and returns the time until Prosody has accepted it.
func (g *gatewayBench) start(b *bed) time.Duration {
	g.Helper()
	log := b.host().path(b.xmpp().log)
	accepted := func() int {
		content, err := os.ReadFile(log)
		if err != nil {
			g.Fatal(err)
		}
		return countLines(string(content), b.xmpp().component)
	}
	before, begin := accepted(), time.Now()
	b.startSpectrum()
	for accepted() == before {
		if b.spectrum.ended() || time.Since(begin) > patience {
			g.Fatalf("%s is not connected", b.name())
		}
		time.Sleep(500 * time.Microsecond)
	}
	return time.Since(begin)
}

// stop ends all programs. An orderly end with this many users would take long.
func (g *gatewayBench) stop() {
	for _, s := range g.sides {
		if err := s.bed.spectrum.cmd.Process.Kill(); err != nil {
			g.Error(err)
		}
		<-s.bed.spectrum.done
		for _, p := range s.bed.ofTransportNow() {
			if this, err := os.FindProcess(p.pid); err == nil {
				_ = this.Kill()
			}
		}
		s.bed.spectrum = nil
	}
	_ = g.irc.process.cmd.Process.Kill()
}

// inTurn measures each side. Each round begins with the next side.
func (g *gatewayBench) inTurn(round int, measure func(s *gatewaySide)) {
	for i := range g.sides {
		measure(g.sides[(i+round)%len(g.sides)])
	}
}

// online makes exactly n users online. Only the IRC server's queue limits the logins.
func (g *gatewayBench) online(s *gatewaySide, n int) {
	g.Helper()
	g.knows(s, n)
	switch now := int(s.online.Load()); {
	case now < n:
		s.enter(now, n)
	case now > n:
		s.leave(n, now)
	}
}

// knows registers users, so that n are registered.
func (g *gatewayBench) knows(s *gatewaySide, n int) {
	if s.known < n {
		s.register(s.known, n)
		s.known = n
	}
}

// gone waits until the IRC server has only the users that are online.
func (g *gatewayBench) gone() {
	g.Helper()
	want := 1
	for _, s := range g.sides {
		want += int(s.online.Load())
	}
	g.sides[0].bed.until("the IRC server knows who is online", func() bool {
		g.speaker.step()
		g.speaker.send("LUSERS")
		return strings.Contains(g.speaker.wait(" 251 "), fmt.Sprintf("There are %d users", want))
	})
}

// measured measures the processor time of a side, and notes when Prosody or the load client
// was busy. used is 0 if a process of Spectrum has ended meanwhile.
func (g *gatewayBench) measured(s *gatewaySide, what string, do func()) (took, used time.Duration) {
	g.Helper()
	b := s.bed
	all := b.ofTransport()
	server := b.watch(b.host().server.cmd.Process.Pid)
	own := b.watch(os.Getpid())
	irc := b.watch(g.irc.process.cmd.Process.Pid)
	before, begin := b.cpu(all), time.Now()
	do()
	took = time.Since(begin)
	switch after, err := cpuOf(all); {
	case err == nil:
		used = after - before
	case g.mayFail(s):
		g.limits = append(g.limits, fmt.Sprintf("WARNING: a process of %s ended during %s.", b.name(), what))
	default:
		g.Fatalf("%s: %v", b.name(), err)
	}
	g.limited(s, what, "Prosody", server.of(b))
	g.limited(s, what, "the load client", own.of(b))
	g.limited(s, what, "ngIRCd", irc.of(b))
	return took, used
}
