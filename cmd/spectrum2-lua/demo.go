package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// The user of the demo and the text of the message.
const (
	demoUser       = "alice@localhost"
	demoLegacyName = "bob"
	demoPassword   = "secret"
	demoText       = "Hello! Grüße 🌍"
)

func newDemo(t *terminal) *cobra.Command {
	var backend string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "demo [config]",
		Short: "Show a login, a message and its answer, frame by frame",
		Long: `demo plays the part of Spectrum. It starts the backend with the arguments of
Spectrum and with a config file, by default ` + exampleConfig + `. It shows each
frame in both directions, and the backend's log. The user logs in, sends a message
to the first contact, and receives an answer that repeats the text. Then the user
logs out, and the backend exits.

The backend gets a temporary folder as [service] working_dir, so it uses neither
the transport's store nor its log.

The command fails if the backend does anything else, breaks a rule of Spectrum or
takes too long.`,
		Example: `  spectrum2-lua demo
  spectrum2-lua demo /etc/spectrum2/transports/mychat.cfg`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := findBackend(backend)
			if err != nil {
				return err
			}
			config, done, err := findConfig(args)
			if err != nil {
				return err
			}
			defer done()
			dir, err := os.MkdirTemp("", "spectrum2-lua-demo-")
			if err != nil {
				return fmt.Errorf("making a working_dir: %w", err)
			}
			defer func() { _ = os.RemoveAll(dir) }()
			d := &demo{t: t, path: path, config: config, dir: dir, timeout: timeout}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&backend, "backend", "", "the backend's `executable`; default: "+backendName+" next to this program, or in PATH")
	cmd.Flags().DurationVar(&timeout, "timeout", 5*time.Second, "how long the demo may take")
	return cmd
}

// demo is one run of the demo.
type demo struct {
	t            *terminal
	path, config string
	dir          string // the backend's working_dir
	timeout      time.Duration

	spectrum *simulator.Spectrum
	started  time.Time
	process  *simulator.Process
	backend  *simulator.Backend
	user     *simulator.User
	contact  string
}

// scene is one step of the demo.
type scene struct {
	title    string
	play     func(*demo, context.Context) error
	byScript bool // the outcome depends on the script
}

var scenes = []scene{
	{"Spectrum starts the backend and sends PING", (*demo).start, false},
	{"A user logs in", (*demo).login, true},
	{"The user sends a message, and the contact echoes it", (*demo).echo, true},
	{"The user logs out", (*demo).logout, false},
	{"Spectrum stops the backend", (*demo).exit, false},
}

func (d *demo) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, fmt.Errorf("the demo did not end within %v", d.timeout))
	defer cancel()
	d.spectrum, err = simulator.Listen(simulator.IPv4, simulator.Options{Timeout: d.timeout, Trace: d.showFrame})
	if err != nil {
		return err
	}
	defer d.spectrum.Close()
	defer func() {
		if d.process != nil {
			d.process.Kill()
		}
	}()
	d.t.print(fmt.Sprintf("%s from Spectrum   %s from the backend   %s the backend's log",
		d.arrow(simulator.ToBackend), d.arrow(simulator.FromBackend), d.t.paint(dim, "|")))
	for _, scene := range scenes {
		d.t.print("\n" + d.t.paint(bold, scene.title))
		if err := scene.play(d, ctx); err != nil {
			return d.failure(ctx, scene, err)
		}
	}
	if broken := d.backend.Violations(); len(broken) > 0 {
		lines := make([]string, len(broken))
		for i, v := range broken {
			lines[i] = "\n  " + v.Error()
		}
		return fmt.Errorf("the backend breaks Spectrum's rules:%s", strings.Join(lines, ""))
	}
	d.t.print("\n" + d.t.paint(green, fmt.Sprintf("The demo passed in %.0f ms.", ms(time.Since(d.started)))))
	return nil
}

// failure adds the expectation and the exit code to an error.
func (d *demo) failure(ctx context.Context, scene scene, err error) error {
	var unmet *simulator.UnmetError
	if errors.As(err, &unmet) {
		why := unmet.Why
		if cause := context.Cause(ctx); cause != nil { // it also ends the process and so its connection
			why = cause
		}
		err = fmt.Errorf("expected %s: %w", unmet.Expected, why)
	}
	if d.process != nil {
		// The last lines of its log may explain the failure: wait for them.
		d.backend.Close()
		wait, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if code, why := d.process.Wait(wait); why == nil && code != 0 {
			err = fmt.Errorf("%w; the backend ended with exit code %d", err, code)
		}
	}
	if scene.byScript {
		err = fmt.Errorf("%w\nThe demo needs a script that connects a user at once, shows a contact and echoes. "+
			"Try any other script with: spectrum2-lua chat %s", err, d.config)
	}
	return fmt.Errorf("%q failed: %w", scene.title, err)
}

func (d *demo) start(ctx context.Context) (err error) {
	d.started = time.Now()
	d.process, d.backend, err = d.spectrum.Launch(ctx, d.path, d.config, simulator.ProcessOptions{
		Leading: d.flags(),
		Log:     d.showLog,
		Started: func(p *simulator.Process) { d.t.print(d.t.paint(dim, "    $ "+printable(p.String()))) },
	})
	if err != nil {
		return err
	}
	if err := d.backend.Ping(ctx); err != nil {
		return err
	}
	_, err = d.backend.Expect(ctx, pb.WrapperMessage_TYPE_STATS, nil)
	return err
}

// flags replace the keys of the config that name files of the transport. A record stays where
// the config has it, because it is what somebody wants to have.
func (d *demo) flags() []string {
	flags := []string{
		"--service.working_dir=" + d.dir,
		"--lua.store=" + filepath.Join(d.dir, database.FileName),
		"--logging.backend_config=", // the demo shows the log
	}
	c, err := config.Load(d.config, config.Options{})
	if err != nil {
		return flags // the backend reports it
	}
	if settings, err := c.Settings(); err == nil && settings.Record != "" {
		if record, err := filepath.Abs(settings.Record); err == nil { // [service] working_dir may be relative
			flags = append(flags, "--lua.record="+record)
		}
	}
	return flags
}

func (d *demo) login(ctx context.Context) (err error) {
	d.user, err = d.backend.Login(demoUser, demoLegacyName, demoPassword, nil)
	if err != nil {
		return err
	}
	if _, err := d.user.ExpectNext(ctx, pb.WrapperMessage_TYPE_CONNECTED, nil); err != nil {
		return err
	}
	shown, err := d.user.Expect(ctx, pb.WrapperMessage_TYPE_BUDDY_CHANGED, nil)
	if err != nil {
		return err
	}
	d.contact = shown.Message.(*pb.Buddy).GetBuddyName()
	return nil
}

func (d *demo) echo(ctx context.Context) error {
	if err := d.user.Say(d.contact, demoText); err != nil {
		return err
	}
	text, err := d.answer(ctx)
	if err == nil && !strings.Contains(text, demoText) {
		err = fmt.Errorf("expected the text of the message, but received %q", text)
	}
	return err
}

// answer waits for a message of the contact and returns its text. A message with an id is a
// stanza, because Spectrum's message cannot have one.
func (d *demo) answer(ctx context.Context) (string, error) {
	f, err := d.backend.ExpectFrame(ctx, "CONV_MESSAGE for "+demoUser+" that matches", func(f simulator.Frame) bool {
		if f.Type == pb.WrapperMessage_TYPE_RAW_XML {
			return true
		}
		m, _ := f.Message.(*pb.ConversationMessage)
		return f.Type == pb.WrapperMessage_TYPE_CONV_MESSAGE && f.User == demoUser && m.GetBuddyName() == d.contact
	})
	if err != nil {
		return "", err
	}
	if m, ok := f.Message.(*pb.ConversationMessage); ok {
		return m.GetMessage(), nil
	}
	n, err := xmltree.Parse(string(f.Payload), xmltree.DefaultLimits)
	return stanza.ChildText(n, "", "body"), err
}

func (d *demo) logout(ctx context.Context) error {
	if err := d.user.Logout(demoLegacyName); err != nil {
		return err
	}
	return d.backend.Ping(ctx)
}

func (d *demo) exit(ctx context.Context) error {
	if err := d.backend.Exit(ctx); err != nil {
		return err
	}
	code, err := d.process.Wait(ctx)
	if err != nil {
		return err
	}
	d.t.print(d.t.paint(dim, fmt.Sprintf("    ended: exit code %d", code)))
	if code != 0 {
		return fmt.Errorf("expected exit code 0, but got %d", code)
	}
	return nil
}

// showFrame prints a frame.
func (d *demo) showFrame(f simulator.Frame) {
	_, text, _ := strings.Cut(simulator.Describe(f), " ")
	d.t.print(fmt.Sprintf("%7.1f ms  %s %s", ms(f.Time.Sub(d.started)), d.arrow(f.Direction), text))
}

func (d *demo) showLog(line string) {
	d.t.print(d.t.paint(dim, "            | "+printable(line)))
}

func (d *demo) arrow(direction simulator.Direction) string {
	style := cyan
	if direction == simulator.FromBackend {
		style = yellow
	}
	return d.t.paint(style, direction.Arrow())
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
