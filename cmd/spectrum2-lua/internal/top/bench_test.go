package top

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/luabind/backend"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
)

// BenchmarkTop measures one view of a process with 1,000 users, each with a task that
// waits. The processor time is that of the process and of top.
func BenchmarkTop(b *testing.B) {
	const users = 1000
	dir := b.TempDir()
	cfg := filepath.Join(dir, "bench.cfg")
	for name, text := range map[string]string{
		"bench.cfg": "[service]\njid = bench.localhost\nworking_dir = " + dir + "\n[lua]\nscript = bench.lua\n",
		"bench.lua": `local spectrum = require "spectrum"
local on = {}
function on.login(session)
  session:connected()
  session:spawn("poll", function() spectrum.sleep(1e6) end)
end
return on`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	silent, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	log := logging.Open(logging.Options{Stderr: silent})
	defer func() { _ = log.Close() }()
	h, err := harness.Open(b.Context(), harness.Options{
		Path: cfg, WorkingDir: dir, Admin: &backend.Admin{Home: admin.HomeSpectrum, Logger: log}, Spectrum: simulator.Options{},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	for n := range users {
		if _, err := h.Spectrum.Login(fmt.Sprintf("user%d@localhost", n), "user", "secret", nil); err != nil {
			b.Fatal(err)
		}
	}
	all, err := live.Of(cfg, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer live.Close(all)
	o := Options{File: cfg, Order: admin.TopOrders[0], Rows: 50, Clean: func(text string) string { return text }, Paint: func(_, text string) string { return text }}
	u := newUI(o)
	var v *view
	for v = ask(b.Context(), o, all, nil); v.taskCount < users; v = ask(b.Context(), o, all, v) {
		time.Sleep(10 * time.Millisecond) // the users log in
	}
	used := func() time.Duration {
		var used syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
			b.Fatal(err)
		}
		return time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	before := used()
	for b.Loop() {
		v = ask(b.Context(), o, all, v)
		u.view = v
		u.lines(160, 50)
	}
	b.ReportMetric(float64((used()-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
}
