package bench

import (
	"context"
	"fmt"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// Room holds the cost of sending one message of a room to all its participants.
type Room struct {
	// Participants are sessions of one process.
	Participants int `json:"participants"`
	// EachUS is the time for each participant, from the request until the last message has
	// arrived. CPUUS is the backend's processor time for each.
	EachUS Spread `json:"each_us"`
	CPUUS  Spread `json:"cpu_us"`
}

// roomTurns is the number of room messages in a round.
const roomTurns = 20

// measureRoom logs in o.Room sessions and sends a message to each of them.
func measureRoom(ctx context.Context, s *simulator.Spectrum, o Options, config string) (*Room, error) {
	participants, err := affordable(o.Room)
	if err != nil {
		return nil, err
	}
	m := &Room{Participants: participants}
	o.Progress(fmt.Sprintf("a room of %d", m.Participants))
	err = runScript(ctx, s, o, config, func(sub *scripted) error { return m.rounds(o, sub) })
	return m, err
}

func (m *Room) rounds(o Options, sub *scripted) error {
	if err := sub.fill(1, m.Participants-1); err != nil {
		return err
	}
	var each, cpu []float64
	for round := range o.Rounds + 1 {
		before, err := sub.running.process.CPU()
		if err != nil {
			return err
		}
		var took time.Duration
		for range roomTurns {
			one, err := sub.load.tellRoom(m.Participants)
			if err != nil {
				return err
			}
			took += one
		}
		after, err := sub.running.process.CPU()
		if err != nil {
			return err
		}
		if round > 0 {
			n := float64(m.Participants * roomTurns)
			each, cpu = append(each, us(took)/n), append(cpu, us(after-before)/n)
		}
	}
	m.EachUS, m.CPUUS = NewSpread(each), NewSpread(cpu)
	return nil
}

// tellRoom makes the script send one message to n sessions.
func (g *generator) tellRoom(n int) (time.Duration, error) {
	start := time.Now()
	if err := g.say("room"); err != nil {
		return 0, err
	}
	for arrived := 0; arrived < n; {
		typ, _, err := g.read()
		if err != nil {
			return 0, fmt.Errorf("a room's message, after %d of %d: %w", arrived, n, err)
		}
		if typ == pb.WrapperMessage_TYPE_CONV_MESSAGE {
			arrived++
		}
	}
	return time.Since(start), nil
}
