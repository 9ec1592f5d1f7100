package scripttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/luabind"
	"spectrumlua/luabind/debugger"
	"spectrumlua/luabind/source"
	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/version"
)

const (
	// stopPatience is how long a stopped case may take to end.
	stopPatience = 5 * time.Second
	// endPatience is how long the tasks of a test may run after its end.
	endPatience = 2 * time.Second
)

// world runs one case.
type world struct {
	path     string // the path of the test file, as Find returned it
	dir      string // an empty folder for the case
	sources  *source.Cache
	cover    coverage
	debugger *debugger.Debugger // nil: not debugged
	timeout  time.Duration      // of the case
	undebug  func()             // ends it for the test; nil: not debugged
	clock    *clock.Movable
	suite    *suite
	ctx      context.Context // its end stops the world
	stop     context.CancelCauseFunc
	host     *luabind.Host // runs the test file
	tasks    *task.Scheduler
	journal  log           // of the script and the test
	ids      atomic.Uint64 // of messages of users

	mu       sync.Mutex
	main     *task.Task       // the case; nil until it runs
	run      *harness.Harness // nil until the script under test is started
	failures []string         // of the test's tasks
	opened   string           // the script or config file under test; "" before its start
	skipped  string           // the reason for which the case is skipped, or ""
}

// newWorld returns a world for a test file. The caller must call close.
func newWorld(ctx context.Context, path string, sources *source.Cache, cover coverage, o Options) (*world, error) {
	w := &world{path: path, sources: sources, cover: cover, debugger: o.Debugger, timeout: o.Timeout}
	full, err := filepath.Abs(path)
	if err != nil {
		return w, err
	}
	if w.dir, err = os.MkdirTemp("", folderName); err != nil {
		return w, err
	}
	w.ctx, w.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	w.clock = clock.NewMovable(w.rest)
	w.tasks = task.New(task.Options{Run: runLimit, Grace: stopPatience, Clock: w.clock})
	cfg, err := config.Parse(strings.TrimSuffix(full, ".lua")+".cfg", nil, config.Options{Overrides: []config.Override{
		{Key: "service.jid", Value: "test.localhost"},
		{Key: "service.working_dir", Value: w.dir},
		{Key: "lua.script", Value: full},
	}})
	if err != nil {
		return w, err
	}
	settings, err := cfg.Settings()
	if err != nil {
		return w, err
	}
	w.suite = newSuite(w, full)
	module := w.suite.module()
	w.host = luabind.New(w.ctx, luabind.Options{
		Config: cfg, Settings: settings, Scheduler: w.tasks, Link: noLink{}, Version: version.Number,
		Log: harness.Logger(w.heard)("lua"), Extra: &module, Compiled: sources, Coverage: cover.ofTest,
	})
	if o.Debugger != nil {
		w.undebug = w.host.Debug(o.Debugger)
	}
	return w, nil
}

// runLimit is how long the code of a test may compute without a wait.
const runLimit = 10 * time.Second

// rest returns when all tasks of this world wait.
func (w *world) rest(ctx context.Context) {
	if s := w.started(); s != nil {
		task.Settle(ctx, w.tasks, s.Scheduler())
		return
	}
	task.Settle(ctx, w.tasks)
}

// suspended reports whether the debugger has stopped a task of the test or of the script.
func (w *world) suspended() bool {
	s := w.started()
	return w.tasks.Suspended() || s != nil && s.Scheduler().Suspended()
}

// after returns a context that is done after d in real time, or later if the debugger stops
// a task.
func (w *world) after(d time.Duration) (late context.Context, stop func()) {
	late, cancel := context.WithCancelCause(context.Background())
	timer := task.AfterFunc(clock.Real(), d, w.suspended, func() { cancel(errNotYet) })
	return late, func() { timer.Stop(); cancel(nil) }
}

// started returns the backend with the script under test, or nil before its start.
func (w *world) started() *harness.Harness {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.run
}

// running returns the task of the case, or nil while the file loads.
func (w *world) running() *task.Task {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.main
}

// heard handles a line of the log of the test.
func (w *world) heard(l harness.Line) {
	if l.Category != "script" && l.Level <= logrus.ErrorLevel && w.running() != nil {
		w.fail("in a task of the test: " + l.Text)
		return
	}
	w.journal.add(l, true)
}

// load loads the test file.
func (w *world) load(ctx context.Context, limit time.Duration) error {
	loaded := make(chan error, 1)
	go func() {
		defer crash.Guard()
		loaded <- w.host.Load()
	}()
	late, stop := w.after(limit)
	defer stop()
	var why error
	select {
	case err := <-loaded:
		return err
	case <-ctx.Done():
		why = errStopped
	case <-late.Done():
		why = fmt.Errorf("the file takes more than %v to load (--timeout)", limit)
	}
	w.stop(why)
	err := <-loaded
	var inFile *luabind.ScriptError // it names the line, and why
	if err != nil && !errors.As(err, &inFile) {
		return why
	}
	return err
}

// play runs a case to its end and returns its failures.
func (w *world) play(ctx context.Context, name string, limit time.Duration) (problems []string) {
	c := w.suite.find(name)
	if c == nil {
		return []string{fmt.Sprintf("the file has no case %q when it is loaded again: names of cases must not be random", name)}
	}
	var err error
	begin := make(chan struct{})
	main := w.host.Sessions().Process().Spawn("", func(t *task.Task) {
		_ = t.Wait(func(context.Context) error { <-begin; return nil })
		err = w.suite.call(t, c)
	})
	w.mu.Lock()
	w.main = main
	w.mu.Unlock()
	close(begin)
	if w.await(ctx, main, limit) {
		if never := main.NeverRan(); never != nil {
			err = never
		}
		var problem *luabind.ScriptError
		switch {
		case w.skipReason() != "": // its error is that of skip
		case errors.As(err, &problem):
			problems = append(problems, problem.Message+calls(problem.Traceback))
		case err != nil:
			problems = append(problems, err.Error())
		}
	} else {
		problems = append(problems, fmt.Sprintf("the case does not stop: it took %v (--timeout)", limit))
	}
	if beside := w.beside(); len(beside) > 0 {
		problems = beside // its failure stopped the case
	}
	return append(problems, w.finish()...)
}

// await waits for the end of the case's task and stops it after limit. It returns false if
// the task does not stop.
func (w *world) await(ctx context.Context, main *task.Task, limit time.Duration) bool {
	late, stop := w.after(limit)
	defer stop()
	select {
	case <-main.Ended():
		return true
	case <-late.Done():
		main.Cancel(fmt.Errorf("the case took %v (--timeout)", limit))
	case <-ctx.Done():
		main.Cancel(errStopped)
	}
	select {
	case <-main.Ended():
		return true
	case <-time.After(stopPatience):
		return false
	}
}

// fail adds a failure outside the case and stops the case.
func (w *world) fail(problem string) {
	if w.skipReason() != "" {
		return // skip has stopped the task
	}
	w.mu.Lock()
	w.failures = append(w.failures, problem)
	w.mu.Unlock()
	if main := w.running(); main != nil {
		main.Cancel(errBeside)
	}
}

var errStopped = errors.New("stopped")

var errBeside = errors.New("stopped: a task of the test failed")

func (w *world) beside() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.failures...)
}

// finish stops the script under test, as Spectrum does, and returns the failures that remain.
func (w *world) finish() (problems []string) {
	s := w.started()
	if s == nil {
		return nil
	}
	if err := s.Close(); err != nil {
		problems = append(problems, "the script's backend: "+err.Error())
	}
	for _, l := range w.journal.unexpected() {
		problems = append(problems, l.about())
	}
	for _, v := range s.Spectrum.Violations() {
		problems = append(problems, "with the real Spectrum: "+v.Error())
	}
	return problems
}

// files returns the files that the world has read.
func (w *world) files() []string {
	var all []string
	if w.host != nil {
		all = w.host.Files()
	}
	w.mu.Lock()
	if w.opened != "" {
		all = append(all, w.opened)
	}
	w.mu.Unlock()
	if s := w.started(); s != nil {
		all = append(all, s.Files()...)
	}
	return all
}

// close stops everything in the world and removes its folder.
func (w *world) close() {
	if s := w.started(); s != nil {
		_ = s.Close() // finish has reported its error
	}
	if w.host != nil {
		ctx, cancel := context.WithTimeout(context.Background(), endPatience)
		defer cancel()
		w.host.Sessions().Exit(ctx, session.Message{Type: schema.TypeByNumber(pb.WrapperMessage_TYPE_EXIT)})
	}
	if w.stop != nil {
		w.stop(errors.New("the case has ended"))
	}
	if w.undebug != nil {
		w.undebug()
	}
	if w.tasks != nil {
		w.tasks.Close()
	}
	if w.dir != "" {
		_ = os.RemoveAll(w.dir)
	}
}

// shown replaces the name of the test file in a message by its path.
func (w *world) shown(message string) string {
	base := filepath.Base(w.path)
	if base == w.path || !strings.HasPrefix(message, base+":") {
		return message
	}
	return w.path + strings.TrimPrefix(message, base)
}

func (w *world) logLines() []string { return w.journal.lines() }

// calls returns the lines of a traceback with the functions of the test that lead to the
// message's line, or "".
func calls(traceback string) string {
	var through []string
	for line := range strings.Lines(traceback) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, ".lua:") {
			through = append(through, line)
		}
	}
	if len(through) < 2 {
		return ""
	}
	return "\n  called from " + strings.Join(through[1:], "\n  called from ")
}

// noLink discards the messages that a test itself sends to Spectrum.
type noLink struct{}

func (noLink) Send(pb.WrapperMessage_Type, []byte) error { return nil }
func (noLink) Full() bool                                { return false }
func (noLink) WaitCapacity(context.Context) error        { return nil }
