package bench

import (
	"context"
	"fmt"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// Tasks holds the duration of a task that does nothing.
type Tasks struct {
	// N is the number of tasks in each round. They are started and joined in groups of a
	// hundred.
	N int `json:"n"`
	// US is the time from the start to the end of a task, in microseconds.
	US Spread `json:"us"`
}

// measureTasks makes a session start o.Tasks tasks and wait for their end, once to warm up
// and then in each round.
func measureTasks(ctx context.Context, s *simulator.Spectrum, o Options, config string) (*Tasks, error) {
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
	return &Tasks{N: o.Tasks, US: NewSpread(each)}, err
}
