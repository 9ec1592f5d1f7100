package top

import (
	"context"
	"fmt"
	"strings"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/runtime/admin"
)

// act does what the user wants in the processes and returns the result as a line.
func act(ctx context.Context, o Options, a *action) string {
	pid := o.PID
	if a.kind == "kick" {
		pid = a.pid
	}
	all, err := live.Of(o.File, pid)
	if err != nil {
		return err.Error()
	}
	defer live.Close(all)
	ctx, cancel := context.WithTimeout(ctx, 3*askTime)
	defer cancel()
	texts := make([]string, len(all))
	for i, err := range live.Each(ctx, all, func(ctx context.Context, i int, b live.Backend) (err error) {
		texts[i], err = a.ask(ctx, b)
		return err
	}) {
		if err != nil {
			texts[i], _, _ = strings.Cut(err.Error(), "\n")
		}
		texts[i] = fmt.Sprintf("process %d: %s", all[i].Socket().PID, texts[i])
	}
	return strings.Join(texts, "; ")
}

// ask asks one process.
func (a *action) ask(ctx context.Context, b live.Backend) (string, error) {
	switch a.kind {
	case "reload":
		var p admin.Process
		err := b.Post(ctx, "/reload", nil, &p)
		return fmt.Sprintf("the script is generation %d", p.Generation), err
	case "level":
		return "the log level is " + a.level, b.Post(ctx, "/log/level", admin.LogLevel{Level: a.level}, nil)
	}
	return a.user + " is disconnected", b.Post(ctx, "/kick", admin.Kick{User: a.user}, nil)
}
