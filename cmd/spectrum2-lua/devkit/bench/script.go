package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

//go:embed bench.lua
var script []byte

// Scripted holds the figures of the Lua backend alone, most of them with the bench's own
// script. A figure is nil if it was not requested.
type Scripted struct {
	Logins  *Logins  `json:"logins,omitempty"`
	Waiting *Waiting `json:"waiting,omitempty"`
	Tasks   *Tasks   `json:"tasks,omitempty"`
	Reload  *Reload  `json:"reload,omitempty"`
	Room    *Room    `json:"room,omitempty"`
	Stores  []Store  `json:"stores,omitempty"`
}

// measureScript runs the bench's own script in the Lua backend, with a peer in another
// process.
func measureScript(ctx context.Context, s *simulator.Spectrum, o Options) (result Scripted, err error) {
	dir, err := os.MkdirTemp("", "spectrum2-lua-bench-")
	if err != nil {
		return Scripted{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, m := range []struct {
		name   string
		wanted int
		run    func(config, peer string) error
	}{
		{"tasks", o.Tasks, func(config, _ string) (err error) { result.Tasks, err = measureTasks(ctx, s, o, config); return err }},
		{"a reload", o.Reload, func(config, _ string) (err error) { result.Reload, err = measureReload(ctx, s, o, config); return err }},
		{"a room", o.Room, func(config, _ string) (err error) { result.Room, err = measureRoom(ctx, s, o, config); return err }},
		{"a store", o.Stored, func(_, peer string) (err error) { result.Stores, err = measureStores(ctx, s, o, dir, peer); return err }},
		{"sessions that wait", o.Sessions, func(config, _ string) (err error) {
			result.Waiting, err = measureWaiting(ctx, s, o, config)
			return err
		}},
	} {
		if m.wanted == 0 {
			continue
		}
		if err := withPeer(ctx, o, dir, m.run); err != nil {
			return Scripted{}, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return result, nil
}

// withPeer calls run with a new peer, which has no connections of an earlier measurement, and
// with a config file that names it.
func withPeer(ctx context.Context, o Options, dir string, run func(config, peer string) error) error {
	address, stop, err := startPeer(ctx, o.Peer)
	if err != nil {
		return err
	}
	config, err := writeScript(dir, address)
	if err == nil {
		err = run(config, address)
	}
	return errors.Join(err, stop())
}

// writeScript writes the script and a config file that names it and the peer.
func writeScript(dir, peer string) (config string, err error) {
	config = filepath.Join(dir, "bench.cfg")
	text := fmt.Sprintf("[service]\njid = bench.localhost\n[lua]\nscript = bench.lua\n[bench]\npeer = %s\n", peer)
	return config, errors.Join(
		os.WriteFile(filepath.Join(dir, "bench.lua"), script, 0o600),
		os.WriteFile(config, []byte(text), 0o600))
}

// scripted is a backend that runs the script, with one user who sends questions.
type scripted struct {
	running *running
	load    *generator
}

// runScript starts a backend on the script, calls measure and stops the backend.
func runScript(ctx context.Context, s *simulator.Spectrum, o Options, config string, measure func(*scripted) error) error {
	sub, err := startScript(ctx, s, o, config)
	if err != nil {
		return err
	}
	if err = measure(sub); err == nil {
		_, err = sub.running.exit(ctx)
	}
	return sub.running.explain(err)
}

// startScript starts a backend on the script and logs in the user who asks. The
// caller stops the backend.
func startScript(ctx context.Context, s *simulator.Spectrum, o Options, config string) (*scripted, error) {
	r, err := start(ctx, s, o.Backend, config)
	if err != nil {
		return nil, err
	}
	if err := r.hurry(); err != nil {
		return nil, r.explain(err)
	}
	load, err := newGenerator(r.conn, r.frames, Load{Users: 1, InFlight: 1, Body: o.Load.Body})
	if err == nil {
		err = load.login()
	}
	if err != nil {
		return nil, r.explain(err)
	}
	return &scripted{running: r, load: load}, nil
}

// patience limits the time for an answer of the script. An error in the script appears as
// a missing answer.
const patience = time.Minute

// hurry sets the deadline for reading.
func (r *running) hurry() error { return r.conn.SetReadDeadline(time.Now().Add(patience)) }

// question sends a text and compares the answer with want.
func (g *generator) question(text, want string) (time.Duration, error) {
	answer, took, err := g.inquire(text)
	if err == nil && answer != want {
		err = fmt.Errorf("the answer to %q is %.200q, not %q", text, answer, want)
	}
	return took, err
}
