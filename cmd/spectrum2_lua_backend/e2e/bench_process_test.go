//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// name is the name of the transport's programs in the report.
func (b *bed) name() string {
	switch {
	case b.config.serve && b.config.backend != "":
		return "other serve"
	case b.config.serve:
		return "serve"
	}
	return "Spectrum"
}

// ofTransport returns the processes of the transport, without the XMPP and the IRC server.
func (b *bed) ofTransport() []running {
	b.t.Helper()
	all := b.ofTransportNow()
	if len(all) == 0 {
		b.t.Fatalf("%s: no process", b.name())
	}
	return all
}

// ofTransportNow is like ofTransport, but the result may be empty.
func (b *bed) ofTransportNow() []running {
	var all []running
	for _, p := range b.processes() {
		if !b.knows(p) {
			all = append(all, p)
		}
	}
	return all
}

// cpu returns the processor time of processes, none of which may have ended.
func (b *bed) cpu(all []running) time.Duration {
	b.t.Helper()
	sum, err := cpuOf(all)
	if err != nil {
		b.t.Fatalf("%s: %v", b.name(), err)
	}
	return sum
}

// cpuOf is like cpu, but fails if one of the processes has ended.
func cpuOf(all []running) (sum time.Duration, err error) {
	for _, p := range all {
		used, err := simulator.ProcessorTime(p.pid)
		if err != nil {
			return 0, fmt.Errorf("%v: %w", p, err)
		}
		sum += used
	}
	return sum, nil
}

// memory returns the proportional set size of processes in bytes. It counts the pages that
// they share once.
func (b *bed) memory(all []running) (sum float64) {
	b.t.Helper()
	for _, p := range all {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid))
		if err != nil {
			b.t.Fatalf("%s: %v: %v", b.name(), p, err)
		}
		for line := range strings.Lines(string(content)) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Pss:" {
				kB, _ := strconv.ParseFloat(fields[1], 64)
				sum += kB * 1024
			}
		}
	}
	return sum
}

// A share is the part of a processor that a process uses.
type share struct {
	pid   int
	begin time.Time
	used  time.Duration
}

func (b *bed) watch(pid int) share {
	b.t.Helper()
	return share{pid, time.Now(), b.cpu([]running{{pid: pid}})}
}

func (s share) of(b *bed) float64 {
	b.t.Helper()
	took := time.Since(s.begin)
	return float64(b.cpu([]running{{pid: s.pid}})-s.used) / float64(took)
}
