package bench

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench/baseline"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// Load is the traffic of a measurement.
type Load struct {
	// Users are logged in and write alternately.
	Users int `json:"users"`
	// InFlight is how many messages wait for their echo at any time.
	InFlight int `json:"in_flight"`
	// Body is the length of a message's text in bytes.
	Body int `json:"body_bytes"`
}

var appendFrame = simulator.AppendFrame

// generator sends messages and counts their echoes, from one goroutine.
type generator struct {
	conn   net.Conn
	frames *wire.Reader
	load   Load
	body   string

	users    []string
	requests [][]byte // one for each user
	next     int      // the next user to write
	payload  []byte
	out      []byte
}

func newGenerator(conn net.Conn, frames *wire.Reader, l Load) (*generator, error) {
	g := &generator{conn: conn, frames: frames, load: l, body: strings.Repeat("x", l.Body)}
	for i := range l.Users {
		g.users = append(g.users, userName(i))
		frame, err := g.message(nil, i)
		if err != nil {
			return nil, err
		}
		g.requests = append(g.requests, frame)
	}
	return g, nil
}

func userName(i int) string { return fmt.Sprintf("user%05d@localhost", i) }

// message appends the frame of a user's message to dst.
func (g *generator) message(dst []byte, user int) (_ []byte, err error) {
	g.payload, err = proto.MarshalOptions{}.MarshalAppend(g.payload[:0], &pb.ConversationMessage{
		UserName:  &g.users[user],
		BuddyName: proto.String(baseline.Contact),
		Message:   &g.body,
	})
	if err != nil {
		return nil, err
	}
	return appendFrame(dst, pb.WrapperMessage_TYPE_CONV_MESSAGE, g.payload), nil
}

// login logs all users in and waits until they are connected.
func (g *generator) login() error { return g.loginUsers(0, g.load.Users) }

// loginUsers logs in n users, starting with number from, and waits until they are
// connected. The load need not use them.
func (g *generator) loginUsers(from, n int) error {
	out, err := loginFrames(from, n)
	if err != nil {
		return err
	}
	if _, err := g.conn.Write(out); err != nil {
		return err
	}
	for connected := 0; connected < n; {
		typ, payload, err := g.read()
		if err != nil {
			return fmt.Errorf("logging in, after %d users: %w", from+connected, err)
		}
		switch typ {
		case pb.WrapperMessage_TYPE_CONNECTED:
			connected++
		case pb.WrapperMessage_TYPE_DISCONNECTED:
			return refused(payload)
		}
	}
	return nil
}

// loginFrames encodes the logins of n users.
func loginFrames(from, n int) (out []byte, err error) {
	for i := from; i < from+n; i++ {
		payload, err := proto.Marshal(&pb.Login{
			User:       proto.String(userName(i)),
			LegacyName: proto.String(fmt.Sprintf("user%d", i)),
			Password:   proto.String(""),
		})
		if err != nil {
			return nil, err
		}
		out = appendFrame(out, pb.WrapperMessage_TYPE_LOGIN, payload)
	}
	return out, nil
}

// refused returns the error for a DISCONNECTED.
func refused(payload []byte) error {
	var why pb.Disconnected
	if err := proto.Unmarshal(payload, &why); err != nil {
		return err
	}
	return fmt.Errorf("%s may not log in: %v %q", why.GetUser(), why.GetError(), why.GetMessage())
}

func (g *generator) read() (pb.WrapperMessage_Type, []byte, error) {
	frame, err := g.frames.Next()
	if err != nil {
		return 0, nil, err
	}
	return pb.SplitWrapper(frame)
}

// turn returns the next user to write.
func (g *generator) turn() int {
	user := g.next
	if g.next++; g.next == g.load.Users {
		g.next = 0
	}
	return user
}

// send sends the messages of the next n users in one write.
func (g *generator) send(n int, times *latencies) error {
	g.out = g.out[:0]
	at := time.Now()
	for range n {
		user := g.turn()
		g.out = append(g.out, g.requests[user]...)
		if times != nil {
			times.wrote(g.users[user], at)
		}
	}
	_, err := g.conn.Write(g.out)
	return err
}

// flood keeps messages in flight for the given time and waits for the last echoes. It sends
// frames that were encoded in advance, many in one write. With times, it also checks each
// echo and measures its latency. It returns the number of echoes.
func (g *generator) flood(d time.Duration, times *latencies) (echoes int, err error) {
	send, stop := g.sender(times)
	defer stop()
	start := time.Now()
	sent, waiting := g.load.InFlight, 0
	if err := send(sent); err != nil {
		return 0, err
	}
	for read, over := start, false; echoes < sent; {
		fresh := !g.frames.Buffered()
		typ, payload, err := g.read()
		if err != nil {
			return 0, fmt.Errorf("waiting for an echo, after %d: %w", echoes, err)
		}
		if fresh {
			read = time.Now()
		}
		if typ == pb.WrapperMessage_TYPE_CONV_MESSAGE {
			echoes++
			waiting++
			if times != nil {
				if err := times.received(payload, g.body, read); err != nil {
					return 0, err
				}
			}
		}
		if g.frames.Buffered() || waiting == 0 {
			continue
		}
		if over = over || read.Sub(start) >= d; !over {
			if err := send(waiting); err != nil {
				return 0, err
			}
			sent += waiting
		}
		waiting = 0
	}
	return echoes, nil
}

// directBytes is the number of bytes that surely fit into the socket's buffers. Larger loads
// need a goroutine that writes, because otherwise both ends could wait for each other.
const directBytes = 64 << 10

func (g *generator) sender(times *latencies) (send func(n int) error, stop func()) {
	if g.load.InFlight*len(g.requests[0]) <= directBytes {
		return func(n int) error { return g.send(n, times) }, func() {}
	}
	// At most InFlight turns wait, so sending to the channel never blocks.
	turns := make(chan int, g.load.InFlight)
	var done sync.WaitGroup
	done.Go(func() {
		for n := range turns {
			if err := g.send(n, times); err != nil {
				_ = g.conn.Close() // ends the reader, too
				return
			}
		}
	})
	return func(n int) error { turns <- n; return nil }, func() { close(turns); done.Wait() }
}

// ask sends one message and waits for its echo.
func (g *generator) ask() (time.Duration, error) {
	start := time.Now()
	if err := g.send(1, nil); err != nil {
		return 0, err
	}
	for {
		typ, _, err := g.read()
		if err != nil {
			return 0, fmt.Errorf("waiting for an answer: %w", err)
		}
		if typ == pb.WrapperMessage_TYPE_CONV_MESSAGE {
			return time.Since(start), nil
		}
	}
}

// askEach sends n messages one after the other, with a pause before each. It returns the
// times in µs.
func (g *generator) askEach(n int, pause time.Duration) ([]float64, error) {
	times := make([]float64, n)
	for i := range times {
		time.Sleep(pause)
		took, err := g.ask()
		if err != nil {
			return nil, err
		}
		times[i] = us(took)
	}
	return times, nil
}
