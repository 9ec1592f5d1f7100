package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"spectrumlua/runtime/simulator"
)

// starter starts one backend again and again.
type starter struct {
	sub     *subject
	config  string
	options []string
	took    *[]float64 // ms
}

// measureStarts starts and ends all by turns. One start before is not counted: it
// leaves behind what the next one finds, as under Spectrum.
func measureStarts(ctx context.Context, s *simulator.Spectrum, o Options, subjects []*subject) (err error) {
	o.Progress(fmt.Sprintf("starting each %d times", o.Starts))
	lua := subjects[0]
	dir, err := os.MkdirTemp("", "spectrum2-lua-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	keepIn := func(name string) []string { return []string{"--lua.bytecode=" + filepath.Join(dir, name)} }
	starters := []starter{
		{lua, o.Config, keepIn("small"), &lua.starts},
		{subjects[1], o.Config, nil, &subjects[1].starts},
	}
	if o.Large != "" {
		starters = append(starters,
			starter{lua, o.Large, keepIn("large"), &lua.large},
			starter{lua, o.Large, []string{"--lua.bytecode=off"}, &lua.anew})
	}
	for i := range 1 + o.Starts {
		for _, st := range starters {
			r, err := st.start(ctx, s)
			if err != nil {
				return err
			}
			if i == 0 {
				err = wait(ctx, o.Settle)
			} else {
				*st.took = append(*st.took, ms(r.started))
			}
			if err = errors.Join(err, r.exit(ctx)); err != nil {
				return fmt.Errorf("%s: %w", st.sub.name, r.explain(err))
			}
		}
	}
	return nil
}

func (st starter) start(ctx context.Context, s *simulator.Spectrum) (*running, error) {
	b := st.sub.backend
	b.Leading = slices.Concat(b.Leading, st.options)
	r, err := start(ctx, s, b, st.config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", st.sub.name, err)
	}
	return r, nil
}
