package session

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/runtime/task"
)

// playModel lets a model do what data says, in a bubble.
func playModel(t *testing.T, data []byte) {
	synctest.Test(t, func(t *testing.T) {
		s := task.New(task.Options{Run: time.Minute})
		defer s.Close()
		m := newModel(t, s, 10*time.Millisecond, true)
		for ; len(data) >= 2; data = data[2:] {
			m.step(data[0], data[1], synctest.Wait)
		}
		m.exit(time.Hour)
		synctest.Wait()
		m.nothingLeft()
	})
}

// nothingLeft checks that the registry has forgotten all sessions and messages.
func (m *model) nothingLeft() {
	if used := m.r.budget.inUse(); used != 0 {
		m.Errorf("%d bytes of the budget are still used", used)
	}
	m.r.mu.Lock()
	defer m.r.mu.Unlock()
	if n := len(m.r.users) + len(m.r.last) + len(m.r.all); n > 0 {
		m.Errorf("%d entries are left", n)
	}
}

func (r *budget) inUse() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}

func FuzzRegistry(f *testing.F) {
	dice := rand.New(rand.NewPCG(0, 0))
	for range 10 {
		f.Add(randomBytes(dice, 100))
	}
	// LOGIN, then LOGOUT and LOGIN five times at once while a handler waits.
	f.Add([]byte{0, 2, 15, 1, 12, 0, 6, 2, 6, 2, 6, 2, 6, 2, 9, 255, 9, 255})
	f.Fuzz(func(t *testing.T, data []byte) { playModel(t, data[:min(len(data), 1000)]) })
}

func randomBytes(dice *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(dice.Uint32())
	}
	return b
}

func TestRandomSessionsFollowTheModel(t *testing.T) {
	for seed := range race.Reduce[uint64](200, 80) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 1))
			playModel(t, randomBytes(dice, 2*(10+dice.IntN(300))))
		})
	}
}

// TestRandomSessionsFollowTheModelInRealTime does the same without a bubble, so that
// goroutines run in parallel.
func TestRandomSessionsFollowTheModelInRealTime(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			s := task.New(task.Options{Run: time.Minute})
			defer s.Close()
			m := newModel(t, s, 10*time.Microsecond, false)
			dice := rand.New(rand.NewPCG(seed, 2))
			begin := time.Now()
			for range 3000 {
				m.step(byte(dice.Uint32()), byte(dice.Uint32()), runtime.Gosched)
			}
			m.exit(time.Minute)
			for m.r.budget.inUse() != 0 && time.Since(begin) < time.Minute {
				runtime.Gosched() // dropped messages are about to be counted out
			}
			m.nothingLeft()
		})
	}
}
