package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// Logins holds the cost of many logins at once.
type Logins struct {
	Users int `json:"users"`
	// PongMS is the longest time from a PING behind the logins to its PONG. CPUUS is the
	// processor time for each login. WholeMS is the time until all users are connected.
	PongMS  Spread `json:"pong_ms"`
	CPUUS   Spread `json:"cpu_us"`
	WholeMS Spread `json:"whole_ms"`
}

// measureLogins logs in o.Logins users at once, in each round in a new process.
func measureLogins(ctx context.Context, s *simulator.Spectrum, o Options) (*Logins, error) {
	if o.Logins == 0 {
		return nil, nil
	}
	o.Progress(fmt.Sprintf("%d logins at once", o.Logins))
	all := samples{}
	for range o.Rounds {
		if err := loginRound(ctx, s, o, all); err != nil {
			return nil, err
		}
	}
	f := all.figures()
	return &Logins{Users: o.Logins, PongMS: f[loginPong], CPUUS: f[loginCPU], WholeMS: f[loginWhole]}, nil
}

const (
	loginPong  Figure = "pong_ms"
	loginCPU   Figure = "cpu_us"
	loginWhole Figure = "whole_ms"
)

func loginRound(ctx context.Context, s *simulator.Spectrum, o Options, all samples) error {
	sub := &subject{name: luaName, backend: o.Backend}
	defer sub.kill()
	if err := sub.start(ctx, s, o.Config); err != nil {
		return err
	}
	g, err := newGenerator(sub.running.conn, sub.running.frames, Load{Users: 1, InFlight: 1})
	if err != nil {
		return err
	}
	before, err := sub.running.process.CPU()
	if err != nil {
		return err
	}
	begin := time.Now()
	pong, err := g.loginWithPings(o.Logins)
	if err != nil {
		return sub.explain(err)
	}
	took := time.Since(begin)
	after, err := sub.running.process.CPU()
	if err != nil {
		return err
	}
	all.add(loginPong, ms(pong))
	all.add(loginCPU, us(after-before)/float64(o.Logins))
	all.add(loginWhole, ms(took))
	_, err = sub.exit(ctx)
	return err
}

// pingEvery is the pause after each PONG.
const pingEvery = 5 * time.Millisecond

// loginWithPings logs in n users at once and sends PINGs until all are connected, each after
// the PONG of the previous one. It returns the longest time to a PONG.
func (g *generator) loginWithPings(n int) (longest time.Duration, err error) {
	logins, err := loginFrames(0, n)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	var sent atomic.Pointer[time.Time] // of the PING that is on its way, or soon will be
	sent.Store(&now)
	pongs, over := make(chan struct{}, 1), make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		ping := appendFrame(nil, pb.WrapperMessage_TYPE_PING, nil)
		_, err := g.conn.Write(logins)
		for {
			now := time.Now()
			sent.Store(&now)
			if err == nil {
				_, err = g.conn.Write(ping)
			}
			if err != nil {
				_ = g.conn.Close() // ends the reader, too
				return
			}
			select {
			case <-pongs:
			case <-over:
				return
			}
			select {
			case <-time.After(pingEvery):
			case <-over:
				return
			}
		}
	})
	defer writer.Wait()
	defer close(over)
	for connected := 0; connected < n || sent.Load() != nil; {
		typ, payload, err := g.read()
		if err != nil {
			return 0, fmt.Errorf("logging in, after %d users: %w", connected, err)
		}
		switch typ {
		case pb.WrapperMessage_TYPE_PONG:
			if at := sent.Swap(nil); at != nil {
				longest = max(longest, time.Since(*at))
				pongs <- struct{}{}
			}
		case pb.WrapperMessage_TYPE_CONNECTED:
			connected++
		case pb.WrapperMessage_TYPE_DISCONNECTED:
			return 0, refused(payload)
		}
	}
	return longest, nil
}
