package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/describe"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/pb"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/record"
)

func newTrace(t *terminal) *cobra.Command {
	f := traceFlags{t: t}
	cmd := &cobra.Command{
		Use:   "trace config",
		Short: "Show the messages of a running transport",
		Long: `trace shows what the users of a running transport do (→) and what the script sends
(←) until Ctrl-C, with the process id before each line. It also follows processes that
start later.

--xmpp shows the stanzas that serve receives from the XMPP server (→) and sends (←).

Texts, subjects, files and vCards are left out without --bodies. Passwords and other
secrets are never shown. A process never waits for trace: if trace is too slow, it
says how many messages it has missed. The log names the system's user who traces.`,
		Example: `  spectrum2-lua trace /etc/spectrum2/transports/mychat.cfg --user alice@example.net
  spectrum2-lua trace mychat.cfg --frames
  spectrum2-lua trace mychat.cfg --bodies`,
		Args: oneConfig,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.frames && f.xmpp:
				return usageError{cmd.CommandPath(), errors.New("--frames shows messages and --xmpp shows stanzas: use one of them")}
			case f.user != "" && !isBare(f.user):
				return usageError{cmd.CommandPath(), notBare("--user "+f.user, f.user)}
			}
			return f.run(cmd.Context(), args[0])
		},
	}
	cmd.Flags().StringVar(&f.user, "user", "", "show only the messages of the user with this bare `JID`")
	cmd.Flags().BoolVar(&f.bodies, "bodies", false, "show the texts that people write")
	cmd.Flags().BoolVar(&f.frames, "frames", false, "show the frames with their fields, as demo does")
	cmd.Flags().BoolVar(&f.xmpp, "xmpp", false, "show the stanzas between serve and the XMPP server")
	processFlag(cmd, &f.pid)
	return cmd
}

// traceFlags are the flags of trace.
type traceFlags struct {
	t              *terminal
	user           string
	pid            int
	bodies, frames bool
	xmpp           bool
}

// followTime is how often trace looks for new processes.
const followTime = time.Second

// run shows the messages of all processes until ctx is done. With --pid, it also ends with
// the process.
func (f traceFlags) run(ctx context.Context, file string) error {
	all, err := live.Of(file, f.pid)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	watched := &follower{flags: f, known: map[string]bool{}, ended: make(chan outcome)}
	defer watched.watching.Wait()
	defer stop()
	watched.follow(ctx, all)
	look := time.NewTicker(followTime)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-watched.ended:
			if o.err != nil || f.pid != 0 {
				return o.err
			}
			delete(watched.known, o.path)
		case <-look.C:
			if f.pid != 0 {
				continue
			}
			all, _, err := live.Find([]string{file})
			if err != nil {
				live.Close(all)
				return err
			}
			watched.follow(ctx, all)
		}
	}
}

// follower watches processes. Its methods are called from one goroutine.
type follower struct {
	flags    traceFlags
	known    map[string]bool // the paths of sockets
	ended    chan outcome
	watching sync.WaitGroup
}

// outcome is the end of a process's trace. err is nil if the process has ended.
type outcome struct {
	path string
	err  error
}

// follow watches the backends that are not watched yet, until ctx is done.
func (f *follower) follow(ctx context.Context, all []live.Backend) {
	for _, b := range all {
		if f.known[b.Socket().Path] {
			b.Close()
			continue
		}
		f.known[b.Socket().Path] = true
		f.watching.Go(func() {
			defer crash.Guard()
			defer b.Close()
			o := outcome{path: b.Socket().Path}
			switch err := f.flags.watch(ctx, b); {
			case ctx.Err() != nil:
				return
			case err != nil:
				o.err = fmt.Errorf("process %d: %w", b.Socket().PID, err)
			default:
				f.flags.t.note(fmt.Sprintf("the trace of process %d has ended", b.Socket().PID))
			}
			select {
			case f.ended <- o:
			case <-ctx.Done():
			}
		})
	}
}

// watch shows the messages of a process. It returns nil when the process has ended or ctx
// is done.
func (f traceFlags) watch(ctx context.Context, b live.Backend) error {
	path := "/trace?user=" + url.QueryEscape(f.user)
	if f.bodies {
		path += "&bodies=1"
	}
	if f.xmpp {
		path += "&xmpp=1"
	}
	var began time.Time
	var wrong error
	err := b.Stream(ctx, path, nil, func(value json.RawMessage) error {
		if began.IsZero() {
			var h record.Header
			if h, wrong = record.ParseHeader(value); wrong == nil {
				began = h.Time
				f.t.note(fmt.Sprintf("tracing process %d", b.Socket().PID))
			}
			return wrong
		}
		var e record.Entry
		if e, wrong = record.ParseEntry(value); wrong == nil {
			f.t.print(f.line(b.Socket().PID, began.Add(e.Time), e))
		}
		return wrong
	})
	var refused *admin.Error
	if errors.As(err, &refused) || errors.Is(err, fs.ErrPermission) {
		return err
	}
	return wrong // any other error is the end of the process
}

// line returns the line for an entry.
func (f traceFlags) line(pid int, at time.Time, e record.Entry) string {
	head := f.t.paint(dim, fmt.Sprintf("%s %d", at.Local().Format("15:04:05.000"), pid)) + " "
	if e.Event == record.EventLost {
		return head + f.t.paint(red, fmt.Sprintf("%d messages are missing here: trace was too slow", e.Messages))
	}
	direction, style := simulator.ToBackend, cyan
	if e.Out {
		direction, style = simulator.FromBackend, yellow
	}
	frame := simulator.Decode(direction, pb.AppendWrapper(nil, e.Type, e.Payload))
	var text string
	switch {
	case e.LeftOut:
		text = frame.TypeName() + " (payload left out)"
	case f.xmpp:
		text = describe.Text(string(e.Payload))
	case f.frames:
		_, text, _ = strings.Cut(simulator.Describe(frame), " ")
	default:
		text = inWords(frame)
	}
	return head + f.t.paint(style, direction.Arrow()) + " " + text
}

// inWords returns a frame as chat shows it, after its user.
func inWords(frame simulator.Frame) string {
	line, told, colon := describe.Line{}, true, ""
	if frame.Direction == simulator.FromBackend {
		line, told = describe.Frame(frame)
		colon = ":"
	} else {
		line = describe.ByUser(frame)
	}
	if !told || line.Kind == describe.Internal || frame.User == "" {
		_, text, _ := strings.Cut(simulator.Describe(frame), " ")
		return text
	}
	return describe.Text(frame.User) + colon + " " + line.Text
}
