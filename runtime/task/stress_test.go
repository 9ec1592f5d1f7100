package task_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"spectrumlua/runtime/task"
)

// A crowd is a set of owners. Several goroutines call their methods at random. The
// script lock guards the fields in capitals.
type crowd struct {
	*testing.T
	s    *task.Scheduler
	RUNS int // number of tasks that run
}

type member struct {
	c     *crowd
	owner *task.Owner

	mu        sync.Mutex
	posted    int
	dropped   int
	finished  bool
	cancelled bool

	HANDLING bool
	HANDLED  int
	HIGHEST  int
	LAST     bool
}

// turn runs and may wait.
func (m *member) turn(t *task.Task, dice *rand.Rand) {
	m.c.run()
	for range dice.IntN(3) {
		nap := time.Duration(dice.IntN(20)) * time.Microsecond
		err := t.Wait(func(ctx context.Context) error {
			select {
			case <-time.After(nap):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		m.c.run()
		if err != nil && t.Err() == nil {
			m.c.Errorf("Wait returned %v, but the task is not cancelled", err)
		}
	}
}

func (c *crowd) run() {
	if c.RUNS++; c.RUNS != 1 {
		c.Error("two tasks hold the script lock")
	}
	c.RUNS--
}

type numbered struct {
	m      *member
	number int
	last   bool
	dice   *rand.Rand
}

func (n *numbered) Handle(t *task.Task) {
	m := n.m
	if m.HANDLING || m.LAST || n.number <= m.HIGHEST {
		m.c.Errorf("item %d after item %d, last: %v, handling: %v", n.number, m.HIGHEST, m.LAST, m.HANDLING)
	}
	m.HANDLING, m.HIGHEST, m.LAST = true, n.number, n.last
	m.turn(t, n.dice)
	m.HANDLING = false
	m.HANDLED++
}

// act calls a random method.
func (m *member) act(dice *rand.Rand) {
	m.mu.Lock()
	defer m.mu.Unlock()
	item := &numbered{m: m, number: m.posted + 1, dice: rand.New(rand.NewPCG(dice.Uint64(), 0))}
	switch n := dice.IntN(1000); {
	case n < 700:
		if closed := m.owner.Post(item) == 0; closed != (m.finished || m.cancelled) {
			m.c.Errorf("closed: %v, finished: %v, cancelled: %v", closed, m.finished, m.cancelled)
		} else if !closed {
			m.posted++
		}
	case n < 800:
		name := []string{"", "a", "b"}[dice.IntN(3)]
		m.owner.Spawn(name, func(t *task.Task) { m.turn(t, item.dice) })
	case n < 850:
		if t := m.owner.Task("a"); t != nil {
			[]func(error){t.Cancel, t.EndWaits}[dice.IntN(2)](errTest)
		}
	case n < 900:
		m.owner.Hold()
		m.owner.Release()
	case n < 903:
		item.last = true
		if m.owner.Finish(item) {
			m.posted++
			m.finished = true
		}
	case n < 950:
		m.dropped += len(m.owner.Interrupt(errTest))
	case n < 952:
		m.cancelled = true
		m.dropped += len(m.owner.Cancel(errTest))
	}
}

func TestRandomCallsLoseNoItem(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			c := &crowd{T: t, s: task.New(task.Options{Run: time.Minute})}
			defer c.s.Close()
			var members []*member
			for i := range 10 {
				members = append(members, &member{c: c, owner: c.s.NewOwner(t.Context(), fmt.Sprint(i))})
			}
			var actors sync.WaitGroup
			for actor := range uint64(4) {
				actors.Go(func() {
					dice := rand.New(rand.NewPCG(seed, actor))
					for range 3000 {
						members[dice.IntN(len(members))].act(dice)
					}
				})
			}
			actors.Wait()
			for _, m := range members {
				m.end(t)
			}
		})
	}
}

// end ends a member, and checks that each of its items was handled or dropped.
func (m *member) end(t *testing.T) {
	if done := make(chan struct{}); m.owner.Finish(itemFunc(func(*task.Task) { close(done) })) {
		await(t, done, "the last item")
	}
	m.mu.Lock()
	m.dropped += len(m.owner.Cancel(errTest))
	m.mu.Unlock()
	await(t, m.owner.Idle(), "the end of an owner")
	m.c.s.Do(func() {
		if m.HANDLED+m.dropped != m.posted {
			t.Errorf("%d items posted, %d handled, %d dropped", m.posted, m.HANDLED, m.dropped)
		}
	})
}
