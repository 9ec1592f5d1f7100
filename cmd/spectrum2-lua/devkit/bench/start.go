package bench

import (
	"context"
	"fmt"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// starter starts one backend repeatedly.
type starter struct {
	sub    *subject
	config string
	took   func(ms float64)
}

// measureStarts starts and stops all backends alternately. The first start of each does not
// count, because it fills the system's caches.
func measureStarts(ctx context.Context, s *simulator.Spectrum, o Options, subjects []*subject) error {
	if o.Starts == 0 {
		return nil
	}
	o.Progress(fmt.Sprintf("starting each %d times", o.Starts))
	var starters []starter
	for _, sub := range subjects {
		starters = append(starters, starter{sub, o.Config, func(ms float64) { sub.samples.add(Start, ms) }})
	}
	if lua := subjects[0]; o.Large != "" {
		starters = append(starters, starter{lua, o.Large, func(ms float64) { lua.large = append(lua.large, ms) }})
	}
	for i := range 1 + o.Starts {
		for _, st := range starters {
			r, err := st.start(ctx, s)
			if err != nil {
				return err
			}
			if i > 0 {
				st.took(ms(r.started))
			}
			if _, err := r.exit(ctx); err != nil {
				return fmt.Errorf("%s: %w", st.sub.name, r.explain(err))
			}
		}
	}
	return nil
}

func (st starter) start(ctx context.Context, s *simulator.Spectrum) (*running, error) {
	r, err := start(ctx, s, st.sub.backend, st.config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", st.sub.name, err)
	}
	return r, nil
}
