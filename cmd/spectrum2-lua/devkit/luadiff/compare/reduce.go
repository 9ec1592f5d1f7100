package compare

import (
	"context"
	"fmt"

	"spectrumlua/cmd/spectrum2-lua/devkit/luadiff/program"
)

// Pair is an implementation and the reference to compare it with.
type Pair struct{ Ours, Theirs Runner }

// Compare runs programs in both. It returns the difference of each program's results, and
// the reasons why the reference does not run some programs.
func (p Pair) Compare(ctx context.Context, sources []string) (differences []*Difference, refused []string, err error) {
	theirs, err := p.Theirs.Run(ctx, sources)
	if err != nil {
		return nil, nil, err
	}
	differences = make([]*Difference, len(sources))
	for i, source := range sources {
		if why := theirs[i].Refused + theirs[i].Broken; why != "" {
			refused = append(refused, why)
			continue
		}
		ours, err := p.Ours.Run(ctx, []string{source})
		if err != nil {
			return nil, nil, err
		}
		differences[i] = Find(ours[0], theirs[i])
	}
	return differences, refused, nil
}

// batch is the number of smaller programs for one process of the reference.
const batch = 20

// Reduce returns a smaller program whose results have the same kind of difference. It
// tries at most the given number of programs.
func (p Pair) Reduce(ctx context.Context, root *program.Node, kind string, most int) (*program.Node, error) {
	tried := map[string]bool{}
	for {
		next, err := p.step(ctx, root, kind, tried, most)
		if err != nil || next == nil {
			return root, err
		}
		root = next
	}
}

// step finds the first smaller program that differs in the same way, or nil.
func (p Pair) step(ctx context.Context, root *program.Node, kind string, tried map[string]bool, most int) (found *program.Node, err error) {
	length := len(root.Text())
	var candidates []*program.Node
	try := func() bool {
		found, err = p.first(ctx, candidates, kind)
		candidates = candidates[:0]
		return found == nil && err == nil
	}
	for candidate := range root.Smaller {
		text := candidate.Text()
		if len(text) > length || tried[text] || len(tried) >= most {
			continue
		}
		tried[text] = true
		if candidates = append(candidates, candidate); len(candidates) == batch && !try() {
			return found, err
		}
	}
	try()
	return found, err
}

func (p Pair) first(ctx context.Context, candidates []*program.Node, kind string) (*program.Node, error) {
	if len(candidates) == 0 {
		return nil, nil
	}
	sources := make([]string, len(candidates))
	for i, c := range candidates {
		sources[i] = c.Text()
	}
	differences, _, err := p.Compare(ctx, sources)
	if err != nil {
		return nil, fmt.Errorf("reducing: %w", err)
	}
	for i, d := range differences {
		if d != nil && d.Kind == kind {
			return candidates[i], nil
		}
	}
	return nil, nil
}
