//go:build soak

package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

const (
	soakUsers = 2000
	soakRooms = 50 // each user has one fixed room, because gopher-lua's tables keep deleted keys
	soakFile  = "SPECTRUM2_LUA_SOAK_FILE"
	// perRound is the time between two measurements of the process.
	perRound = 20 * time.Second
	// maxPerReload limits the memory that a reload may leave, in bytes. The script with
	// its module takes a hundred times that.
	maxPerReload = 30 << 10
)

// In the backend, SIGUSR1 writes the memory and the number of goroutines to a file.
func init() {
	file := os.Getenv(soakFile)
	if file == "" || os.Getenv(beBackend) != "1" {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for range asked {
			runtime.GC()
			debug.FreeOSMemory() // the second call empties the pools
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			_ = os.WriteFile(file+".new", fmt.Appendf(nil, "%d %d", runtime.NumGoroutine(), m.HeapAlloc), 0o600)
			_ = os.Rename(file+".new", file)
		}
	}()
}

// TestSoak runs 2,000 users for SOAK (20m). They log in and out, write in rooms and to a
// server that resets connections, while the script is reloaded repeatedly. Each message
// must be answered once and in order. After each round all users log out. The process must
// then not have grown much, and by less per reload than a script takes.
func TestSoak(t *testing.T) {
	duration, err := time.ParseDuration(cmp.Or(os.Getenv("SOAK"), "20m"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSoak(t)
	var first, last resources
	before := 0 // reloads at first
	for round, end := 1, time.Now().Add(duration); time.Now().Before(end) || round <= 3; round++ {
		busy := s.round(perRound)
		last = s.resources()
		t.Logf("round %d: %d messages, %d lines, %d of rooms, %d logins, %d reloads, %d hang-ups; busy %d MB, %d files; after it %v",
			round, s.echoed.Load(), s.lines.Load(), s.heard.Load(), s.logins.Load(), s.reloads, s.peer.killed.Load(), busy.rss>>20, busy.files, last)
		if round == 2 { // one-time allocations are done now
			first, before = last, s.reloads
		}
	}
	if s.heard.Load() != s.told.Load() {
		t.Errorf("received %d room messages, want %d", s.heard.Load(), s.told.Load())
	}
	if last.goroutines > first.goroutines+20 || last.files > first.files+2 ||
		last.heap > first.heap*5/4+2<<20 || last.rss > first.rss*5/4+8<<20 {
		t.Errorf("the process has grown: %v at first, %v at the end", first, last)
	}
	each := (last.heap - first.heap) / int64(max(s.reloads-before, 1))
	t.Logf("%d reloads, %d bytes of heap for each", s.reloads-before, each)
	if each > maxPerReload {
		t.Errorf("each reload leaves %d bytes", each)
	}
	s.exit()
}

// resources are the resources that the process uses.
type resources struct {
	goroutines, files int
	heap, rss         int64 // bytes
}

func (r resources) String() string {
	return fmt.Sprintf("%d goroutines, %d files, heap %d kB, %d kB resident", r.goroutines, r.files, r.heap>>10, r.rss>>10)
}

// soak holds the backend and Spectrum's side.
type soak struct {
	t       *testing.T
	p       *program
	conn    net.Conn
	peer    *killer
	config  string
	file    string
	users   [soakUsers]*soaker
	orderly [3]*soaker // see orders
	byName  map[string]*soaker
	reloads int
	// reloaded receives a token when a new script runs.
	reloaded chan struct{}

	write sync.Mutex
	// Counters: answers, lines of the peer, and messages received from and sent to rooms.
	echoed, lines, heard, told, logins atomic.Int64
	failed                             atomic.Bool
}

// soaker is a user. got receives a token for each answer.
type soaker struct {
	name       string
	online     bool
	home, room string
	sent       int // messages of this login, to echo and rooms
	sentLines  int
	mu         sync.Mutex
	echo       int          // the number of the last answer
	lines      map[int]bool // lines without an echo of the server
	got        chan struct{}
}

func newSoak(t *testing.T) *soak {
	s := &soak{t: t, peer: newKiller(t), byName: map[string]*soaker{}, reloaded: make(chan struct{}, 1), file: filepath.Join(t.TempDir(), "resources")}
	t.Setenv(soakFile, s.file)
	text, err := os.ReadFile("testdata/soak.lua")
	must(t, err)
	s.config = folder(t, strings.ReplaceAll(string(text), "PEER", s.peer.Addr().String()), "memory_limit = 1G")
	spectrum, err := simulator.Listen(simulator.IPv4, simulator.Options{})
	must(t, err)
	t.Cleanup(spectrum.Close)
	must(t, os.WriteFile(filepath.Join(filepath.Dir(s.config), "soak_big.lua"), []byte(bigModule), 0o600))
	s.p = execute(t, spectrum.Args(s.config)...)
	s.conn, err = spectrum.AcceptConn(t.Context())
	must(t, err)
	for i := range s.orderly {
		s.orderly[i] = &soaker{name: fmt.Sprintf("orderly%d@localhost", i), got: make(chan struct{}, 1)}
		s.byName[s.orderly[i].name] = s.orderly[i]
	}
	for i := range s.users {
		s.users[i] = &soaker{name: fmt.Sprintf("user%d@localhost", i), home: fmt.Sprint("#room", i%soakRooms), got: make(chan struct{}, 1)}
		s.byName[s.users[i].name] = s.users[i]
	}
	go s.read()
	s.send(pb.WrapperMessage_TYPE_PING, nil)
	return s
}

func (s *soak) send(typ pb.WrapperMessage_Type, m proto.Message) {
	var payload []byte
	n := -1
	if m != nil {
		payload, _ = proto.Marshal(m)
		n = len(payload)
	}
	frame := wire.AppendHeader(nil, pb.SizeWrapper(typ, n))
	frame = pb.AppendWrapper(frame, typ, payload)
	s.write.Lock()
	defer s.write.Unlock()
	if _, err := s.conn.Write(frame); err != nil && !s.failed.Swap(true) {
		s.t.Errorf("writing: %v", err)
	}
}

// read handles the messages of the backend until it closes the connection.
func (s *soak) read() {
	frames := wire.NewReader(s.conn, 0)
	for {
		frame, err := frames.Next()
		if err != nil {
			return
		}
		typ, payload, err := pb.SplitWrapper(frame)
		if err != nil {
			s.t.Error(err)
			return
		}
		switch typ {
		case pb.WrapperMessage_TYPE_CONV_MESSAGE:
			var m pb.ConversationMessage
			if err := proto.Unmarshal(payload, &m); err != nil {
				s.t.Error(err)
			}
			s.hear(&m)
		case pb.WrapperMessage_TYPE_QUERY: // on.logout has run
			var q pb.BackendConfig
			_ = proto.Unmarshal(payload, &q)
			if q.GetConfig() == "reloaded" {
				wake(s.reloaded)
				continue
			}
			s.byName[q.GetConfig()].wake()
		case pb.WrapperMessage_TYPE_DISCONNECTED:
			s.t.Errorf("a user is disconnected: %q", payload)
		}
	}
}

func (u *soaker) wake() { wake(u.got) }

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *soak) hear(m *pb.ConversationMessage) {
	u := s.byName[m.GetUserName()]
	text, members, _ := strings.Cut(m.GetMessage(), " ")
	number, _ := strconv.Atoi(text)
	u.mu.Lock()
	defer u.mu.Unlock()
	switch m.GetBuddyName() {
	case "echo":
		n, _ := strconv.Atoi(members)
		s.told.Add(int64(n))
		s.echoed.Add(1)
		if number != u.echo+1 {
			s.t.Errorf("%s: answer %d after %d", u.name, number, u.echo)
		}
		u.echo = number
	case "peer": // a line may arrive twice if the server reset the connection
		if u.lines[number] {
			s.lines.Add(1)
		}
		delete(u.lines, number)
	default:
		s.heard.Add(1)
		return
	}
	u.wake()
}

// await waits until a user has all answers.
func (s *soak) await(u *soaker) {
	timeout := time.After(time.Minute)
	for {
		u.mu.Lock()
		done := u.echo == u.sent && len(u.lines) == 0
		u.mu.Unlock()
		if done || s.failed.Load() {
			return
		}
		select {
		case <-u.got:
		case <-timeout:
			s.failed.Store(true)
			s.t.Errorf("%s waits for answers: it has %d of %d, and %d of %d lines are missing", u.name, u.echo, u.sent, len(u.lines), u.sentLines)
			return
		}
	}
}

func (s *soak) say(u *soaker, to string) {
	number := &u.sent
	if to == "peer" {
		number = &u.sentLines
	}
	*number++
	if to == "peer" {
		u.mu.Lock()
		u.lines[*number] = true
		u.mu.Unlock()
	}
	s.send(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
		UserName: &u.name, BuddyName: &to, Message: proto.String(strconv.Itoa(*number))})
}

func (s *soak) login(u *soaker) {
	u.online, u.sent, u.sentLines, u.echo, u.lines = true, 0, 0, 0, map[int]bool{}
	s.logins.Add(1)
	s.send(pb.WrapperMessage_TYPE_LOGIN, &pb.Login{User: &u.name, LegacyName: proto.String("x"), Password: proto.String("")})
}

func (s *soak) leave(u *soaker) {
	if u.room != "" {
		s.send(pb.WrapperMessage_TYPE_LEAVE_ROOM, &pb.Room{UserName: &u.name, Nickname: proto.String("x"), Room: &u.room})
		u.room = ""
	}
	s.say(u, "echo") // its answer follows those of leaving the rooms
	s.await(u)
}

func (s *soak) logout(u *soaker) {
	s.leave(u)
	select { // drop the token of an earlier answer
	case <-u.got:
	default:
	}
	s.send(pb.WrapperMessage_TYPE_LOGOUT, &pb.Logout{User: &u.name, LegacyName: proto.String("x")})
	select {
	case <-u.got:
	case <-time.After(time.Minute):
		s.failed.Store(true)
		s.t.Errorf("%s cannot log out", u.name)
	}
	u.online = false
}

// act makes a user do one thing.
func (s *soak) act(u *soaker, dice *rand.Rand) {
	switch n := dice.IntN(20); {
	case !u.online:
		s.login(u)
	case n == 0:
		s.logout(u)
	case n < 3:
		s.leave(u)
		u.room = u.home
		s.send(pb.WrapperMessage_TYPE_JOIN_ROOM, &pb.Room{UserName: &u.name, Nickname: proto.String("x"), Room: &u.room})
	case n < 5 && u.room != "":
		s.say(u, u.room)
	case n < 10:
		s.say(u, "peer")
	default:
		s.say(u, "echo")
	}
}

// round has users act for a while and log out. It returns the resources of the process
// before the logouts.
func (s *soak) round(length time.Duration) (busy resources) {
	end := time.Now().Add(length)
	const workers = 8
	var acting sync.WaitGroup
	for w := range workers {
		acting.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(w), uint64(end.UnixNano())))
			for time.Now().Before(end) && !s.failed.Load() {
				mine := s.users[w*soakUsers/workers : (w+1)*soakUsers/workers]
				for range 40 {
					s.act(mine[dice.IntN(len(mine))], dice)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	orders := permutations([]string{"reload", "message", "job", "logout"})
	for tick := 0; (time.Now().Before(end) || tick < len(orders)) && !s.failed.Load(); tick++ {
		s.send(pb.WrapperMessage_TYPE_PING, nil)
		s.peer.kill(20)
		s.inOrder(orders[tick%len(orders)])
	}
	acting.Wait()
	busy = s.resources()
	for w := range workers {
		acting.Go(func() {
			for _, u := range s.users[w*soakUsers/workers : (w+1)*soakUsers/workers] {
				if u.online && !s.failed.Load() {
					s.logout(u)
				}
			}
		})
	}
	acting.Wait()
	for _, u := range s.orderly {
		if u.online && !s.failed.Load() {
			s.logout(u)
		}
	}
	if s.failed.Load() {
		s.t.FailNow()
	}
	return busy
}

// resources measures the process.
func (s *soak) resources() (r resources) {
	time.Sleep(time.Second) // closing connections need a moment
	_ = os.Remove(s.file)
	_ = s.p.Signal(syscall.SIGUSR1)
	for range 1000 {
		if text, err := os.ReadFile(s.file); err == nil {
			_, err = fmt.Sscan(string(text), &r.goroutines, &r.heap)
			must(s.t, err)
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	proc := fmt.Sprintf("/proc/%d/", s.p.PID())
	files, err := os.ReadDir(proc + "fd")
	must(s.t, err)
	r.files = len(files)
	statm, err := os.ReadFile(proc + "statm")
	must(s.t, err)
	var size int64
	_, err = fmt.Sscan(string(statm), &size, &r.rss)
	must(s.t, err)
	r.rss *= int64(os.Getpagesize())
	return r
}

func (s *soak) exit() {
	s.send(pb.WrapperMessage_TYPE_EXIT, nil)
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	if code, err := s.p.Wait(ctx); code != 0 || err != nil {
		s.t.Errorf("exit code %d, %v", code, err)
	}
	for _, word := range []string{"panic", " ERROR "} {
		if strings.Contains(s.p.Output(), word) {
			s.t.Errorf("the log has %q", word)
		}
	}
}
