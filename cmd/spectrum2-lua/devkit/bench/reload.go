package bench

import (
	"context"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench/baseline"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// Reload holds the effects of a reload on many users who are online. Each has a task
// that the new script replaces.
type Reload struct {
	// Sessions is the number of users online: Wanted, or fewer if the limit of descriptors
	// is lower.
	Sessions int `json:"sessions"`
	Wanted   int `json:"wanted"`
	// PauseMS is the longest time for one message and its echo during a reload. BeforeMS is
	// the longest time of as many messages without a reload.
	PauseMS  Spread `json:"pause_ms"`
	BeforeMS Spread `json:"before_ms"`
	// WholeMS is the time from the signal until on.reload has run for all sessions.
	WholeMS Spread `json:"whole_ms"`
}

// measureReload reloads the script once to warm up and once in each round.
func measureReload(ctx context.Context, s *simulator.Spectrum, o Options, config string) (*Reload, error) {
	sessions, err := affordable(o.Reload)
	if err != nil {
		return nil, err
	}
	m := &Reload{Sessions: sessions, Wanted: o.Reload}
	o.Progress(fmt.Sprintf("a reload with %d sessions", m.Sessions))
	err = runScript(ctx, s, o, config, func(sub *scripted) error { return m.rounds(o, sub) })
	return m, err
}

func (m *Reload) rounds(o Options, sub *scripted) error {
	if err := sub.fill(1, m.Sessions-1); err != nil {
		return err
	}
	var pauses, befores, wholes []float64
	for round := range o.Rounds + 1 {
		pause, whole, asked, err := sub.reload(m.Sessions * (round + 1))
		if err != nil {
			return err
		}
		before := time.Duration(0)
		for range asked {
			_, took, err := sub.load.inquire("reloaded")
			if err != nil {
				return err
			}
			before = max(before, took)
		}
		if round > 0 {
			pauses, befores, wholes = append(pauses, ms(pause)), append(befores, ms(before)), append(wholes, ms(whole))
		}
	}
	m.PauseMS, m.BeforeMS, m.WholeMS = NewSpread(pauses), NewSpread(befores), NewSpread(wholes)
	return nil
}

// reload reloads the script and sends messages until on.reload has run calls times in
// total.
func (sub *scripted) reload(calls int) (pause, whole time.Duration, asked int, err error) {
	begin := time.Now()
	if err := sub.running.process.Signal(syscall.SIGHUP); err != nil {
		return 0, 0, 0, err
	}
	for {
		answer, took, err := sub.load.inquire("reloaded")
		if err != nil {
			return 0, 0, 0, err
		}
		asked++
		pause, whole = max(pause, took), time.Since(begin)
		switch n, err := strconv.Atoi(answer); {
		case err != nil || n > calls:
			return 0, 0, 0, fmt.Errorf(`the answer to "reloaded" is %.200q, not a number up to %d`, answer, calls)
		case n == calls:
			return pause, whole, asked, nil
		case whole > patience:
			return 0, 0, 0, fmt.Errorf("on.reload was called for %d, not %d", n, calls)
		}
	}
}

// inquire sends a text and returns the answer and its time.
func (g *generator) inquire(text string) (answer string, took time.Duration, err error) {
	start := time.Now()
	if err := g.say(text); err != nil {
		return "", 0, err
	}
	for {
		typ, payload, err := g.read()
		if err != nil {
			return "", 0, fmt.Errorf("waiting for the answer to %q: %w", text, err)
		}
		if typ != pb.WrapperMessage_TYPE_CONV_MESSAGE {
			continue
		}
		took = time.Since(start)
		var m pb.ConversationMessage
		err = proto.Unmarshal(payload, &m)
		return m.GetMessage(), took, err
	}
}

// say sends a text and sets the deadline for its answer.
func (g *generator) say(text string) error {
	payload, err := proto.Marshal(&pb.ConversationMessage{UserName: &g.users[0], BuddyName: proto.String(baseline.Contact), Message: &text})
	if err != nil {
		return err
	}
	if err := g.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = g.conn.Write(appendFrame(nil, pb.WrapperMessage_TYPE_CONV_MESSAGE, payload))
	return err
}
