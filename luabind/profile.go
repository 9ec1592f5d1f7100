package luabind

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stdlib"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/task"
)

const (
	// maxProfileDepth is the number of calls of a stack that a profile has.
	maxProfileDepth = 64
	// maxProfileNodes limits the different calls of a profile.
	maxProfileNodes = 50000
)

// ErrProfiling is the error of Profile while another profile is taken.
var ErrProfiling = errors.New("another profile of this process is being taken")

// Profile takes samples of the script, rate times a second, until d has passed or ctx is done.
// Each sample is the stack of the task that has the script lock. PID and JID are left to the
// caller.
func (h *Host) Profile(ctx context.Context, d time.Duration, rate int) (*admin.Profile, error) {
	if !h.profiling.TryLock() {
		return nil, ErrProfiling
	}
	defer h.profiling.Unlock()
	p := &profile{roots: map[profileKey]*profileNode{}}
	began := time.Now()
	ticks := 0
	for wait := time.NewTimer(0); time.Since(began) < d; ticks++ {
		// Steps of a random length do not fall into step with timers of the script.
		wait.Reset(time.Duration(float64(time.Second) / float64(rate) * (0.75 + rand.Float64()/2)))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil, context.Cause(ctx)
		case <-wait.C:
		}
		p.tick(h.opts.Scheduler)
	}
	result := p.end()
	result.Seconds, result.Rate, result.Ticks = time.Since(began).Seconds(), rate, ticks
	return result, nil
}

// profile is a tree of calls with the numbers of samples.
type profile struct {
	mu      sync.Mutex
	ended   bool
	due     int // ticks while a task ran, since the last sample
	roots   map[profileKey]*profileNode
	nodes   int
	dropped int
	calls   []stdlib.Call // for take
}

// profileKey is a user with the fields of a label, because each spawned task has its own.
type profileKey struct {
	user, kind, name string
	code             any
}

type profileNode struct {
	count int
	calls map[profileCall]*profileNode
}

type profileCall struct {
	proto *lua.FunctionProto // nil for a Go function
	line  int
	name  string
}

// tick takes a sample at the next instruction of the task that runs.
func (p *profile) tick(s *task.Scheduler) {
	p.mu.Lock()
	p.due++
	p.mu.Unlock()
	if !s.Sample(p.take) {
		p.mu.Lock()
		p.due = 0
		p.mu.Unlock()
	}
}

// take is called with the script lock, on the goroutine of the task. A task that has been in
// one call of Go since several ticks has several samples.
func (p *profile) take(t *task.Task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := p.due
	p.due = 0
	if p.ended || count == 0 {
		return
	}
	key := profileKey{user: t.Owner().Name()}
	if l := t.Label(); l != nil {
		key.kind, key.name, key.code = l.Kind, l.Name, l.Code
	}
	node := p.roots[key]
	if node == nil {
		node = &profileNode{}
		p.roots[key] = node
		p.nodes++
	}
	p.calls = p.calls[:0]
	if rt, ok := t.Local.(*bind.Runtime); ok {
		p.calls = stdlib.Calls(p.calls, rt.State.G.CurrentThread, maxProfileDepth)
	}
	for i := len(p.calls) - 1; i >= 0; i-- {
		c := p.calls[i]
		call := profileCall{proto: c.Proto, line: c.Line(), name: c.Name}
		if i == 0 {
			call.line = c.LastLine()
		}
		next := node.calls[call]
		if next == nil {
			if p.nodes >= maxProfileNodes {
				p.dropped += count
				break
			}
			if node.calls == nil {
				node.calls = map[profileCall]*profileNode{}
			}
			next = &profileNode{}
			node.calls[call] = next
			p.nodes++
		}
		node = next
	}
	node.count += count
}

// end returns the samples. Later samples are ignored.
func (p *profile) end() *admin.Profile {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	f := flattening{profile: &admin.Profile{Dropped: p.dropped, Places: []admin.ProfilePlace{}, Samples: []admin.ProfiledSamples{}}, places: map[admin.ProfilePlace]int{}}
	for key, node := range p.roots {
		f.user, f.handler = key.user, LabelText(&task.Label{Kind: key.kind, Name: key.name, Code: key.code})
		f.add(node, nil)
	}
	return f.profile
}

// flattening turns the tree into samples.
type flattening struct {
	profile       *admin.Profile
	places        map[admin.ProfilePlace]int
	user, handler string
}

// add adds the samples of a node, whose callers are stack, the outermost first.
func (f *flattening) add(node *profileNode, stack []int) {
	if node.count > 0 {
		inner := make([]int, 0, len(stack))
		for i := len(stack) - 1; i >= 0; i-- {
			inner = append(inner, stack[i])
		}
		f.profile.Samples = append(f.profile.Samples, admin.ProfiledSamples{User: f.user, Handler: f.handler, Stack: inner, Count: node.count})
	}
	for call, next := range node.calls {
		f.add(next, append(stack, f.place(call)))
	}
}

// place returns the index of a place.
func (f *flattening) place(c profileCall) int {
	place := admin.ProfilePlace{Function: c.name, Line: c.line}
	if c.proto != nil {
		place.File, place.Start = c.proto.SourceName, c.proto.LineDefined
	}
	n, known := f.places[place]
	if !known {
		n = len(f.profile.Places)
		f.places[place] = n
		f.profile.Places = append(f.profile.Places, place)
	}
	return n
}
