package bench

import (
	"context"
	"fmt"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// Tasks tells how long a task takes that does nothing.
type Tasks struct {
	// N tasks are started and joined, a hundred at a time, in each round.
	N int `json:"n"`
	// US is the time for each, from its start to its end, as seen from outside.
	US Spread `json:"us"`
}

// measureTasks lets a session start o.Tasks tasks and wait for their end, once
// to warm up and then in each round.
func measureTasks(ctx context.Context, s *simulator.Spectrum, o Options, config string) (*Tasks, error) {
	if o.Tasks == 0 {
		return nil, nil
	}
	o.Progress(fmt.Sprintf("%d tasks", o.Tasks))
	text := fmt.Sprintf("tasks %d", o.Tasks)
	var each []float64
	err := runScript(ctx, s, o, config, func(sub *scripted) error {
		for round := range o.Rounds + 1 {
			took, err := sub.load.question(text, "done")
			if err != nil {
				return err
			}
			if round > 0 {
				each = append(each, us(took)/float64(o.Tasks))
			}
		}
		return nil
	})
	return &Tasks{N: o.Tasks, US: spread(each)}, err
}
