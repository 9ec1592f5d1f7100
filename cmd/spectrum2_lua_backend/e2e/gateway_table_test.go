//go:build e2e

package e2e_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench"
)

// The lines around the table in docs/admin/performance.md.
const (
	gatewayBegin = "<!-- make bench-gateway: begin -->"
	gatewayEnd   = "<!-- make bench-gateway: end -->"
)

// figure names a measurement, as in the table.
type figure string

const (
	figureStart       figure = "start to component online, ms"
	figureTalkRate    figure = "messages between users, in a second"
	figureTalkCPU     figure = "CPU for each, µs"
	figureTalkProsody figure = "Prosody meanwhile, part of a processor"
	figureLogins      figure = "logins at once: until all are online, s"
	figureLoginCPU    figure = "CPU for each login, µs"
	figureLoginAnswer figure = "longest answer to disco#info meanwhile, ms"
	figureJoins       figure = "all join a room at once, s"
	figureJoinCPU     figure = "CPU for each join, ms"
	figureRoomRate    figure = "a room's messages to occupants, in a second"
	figureRoomCPU     figure = "CPU for each message to an occupant, µs"
	figureRoomProsody figure = "Prosody during a room's messages, part of a processor"
)

// figureMemory is the memory with that many users online.
func figureMemory(users int) figure {
	return figure(fmt.Sprintf("memory with %d users online, MB", users))
}

// A goal is a limit for the ratio to Spectrum, or for our own figure.
type goal struct {
	limit   float64
	atLeast bool
	own     bool
}

func (g goal) String() string {
	switch {
	case g.limit == 0:
		return ""
	case g.atLeast:
		return fmt.Sprintf("at least %.2f", g.limit)
	case g.own:
		return fmt.Sprintf("at most %.0f", g.limit)
	}
	return fmt.Sprintf("at most %.2f", g.limit)
}

func (g goal) met(own, ratio float64) bool {
	switch {
	case g.atLeast:
		return ratio >= g.limit
	case g.own:
		return own <= g.limit
	}
	return ratio <= g.limit
}

// gatewayRow is a row of the table.
type gatewayRow struct {
	figure   figure
	decimals int
	goal     goal
}

func (g *gatewayBench) rows() []gatewayRow {
	half, third := goal{limit: 0.5}, goal{limit: 0.33}
	rows := []gatewayRow{
		{figureTalkRate, 0, goal{limit: 1.5, atLeast: true}},
		{figureTalkCPU, 0, half},
		{figureTalkProsody, 2, goal{}},
		{figureRoomRate, 0, goal{limit: 1.5, atLeast: true}},
		{figureRoomCPU, 1, half},
		{figureRoomProsody, 2, goal{}},
		{figureStart, 1, goal{limit: 30, own: true}},
	}
	for _, n := range g.memory {
		rows = append(rows, gatewayRow{figureMemory(n), 1, third})
	}
	return append(rows,
		gatewayRow{figureLogins, 2, goal{}}, gatewayRow{figureLoginCPU, 0, goal{}}, gatewayRow{figureLoginAnswer, 1, goal{}},
		gatewayRow{figureJoins, 1, goal{}}, gatewayRow{figureJoinCPU, 2, goal{}})
}

// table returns the table of all figures that were measured.
func (g *gatewayBench) table() string {
	ours, theirs := g.sides[0], g.sides[1]
	var s strings.Builder
	fmt.Fprintf(&s, "| %d processors, %d rounds | %s | %s | ratio | goal |\n|---|--:|--:|--:|--:|\n",
		runtime.NumCPU(), g.rounds, ours.bed.name(), theirs.bed.name())
	for _, row := range g.rows() {
		if len(ours.samples[row.figure]) == 0 {
			continue
		}
		own, ratio := bench.NewSpread(ours.samples[row.figure]), bench.NewSpread(bench.Ratios(ours.samples[row.figure], theirs.samples[row.figure]))
		verdict := row.goal.String()
		if len(theirs.samples[row.figure]) == 0 {
			verdict = ""
		}
		if verdict != "" && !row.goal.met(own.Median, ratio.Median) {
			verdict += ", **missed**"
		}
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s |\n", row.figure, cell(own, row.decimals),
			cell(bench.NewSpread(theirs.samples[row.figure]), row.decimals), cell(ratio, 2), verdict)
	}
	for _, what := range slices.Sorted(maps.Keys(g.failures)) {
		all := g.failures[what]
		count := fmt.Sprint(slices.Min(all))
		if most := slices.Max(all); most != all[0] || len(all) > 1 {
			count += fmt.Sprintf(" to %d", most)
		}
		fmt.Fprintf(&s, "\nWARNING: %s %s, in %d rounds; the time contains a wait of %v for them.\n", count, what, len(all), patience)
	}
	slices.Sort(g.limits)
	for _, text := range slices.Compact(g.limits) {
		fmt.Fprintf(&s, "\n%s\n", text)
	}
	return s.String()
}

func cell(s bench.Spread, decimals int) string {
	switch s.N {
	case 0:
		return "failed"
	case 1:
		return fmt.Sprintf("%.*f", decimals, s.Median)
	}
	return fmt.Sprintf("%.*f (%.*f-%.*f)", decimals, s.Median, decimals, s.Min, decimals, s.Max)
}

// Parts of a processor above which a program may limit a figure.
const (
	serverLimit = 0.85
	clientLimit = 0.5
)

// limited notes that a program other than the transport may have limited a figure.
func (g *gatewayBench) limited(s *gatewaySide, what, program string, part float64) {
	limit := serverLimit
	switch program {
	case "Prosody":
		s.prosody = part
	case "the load client":
		limit = clientLimit
	}
	if part > limit {
		g.limits = append(g.limits, fmt.Sprintf("WARNING: %s used more than %.0f %% of a processor, so it may limit %s of %s.",
			program, 100*limit, what, s.bed.name()))
	}
}
