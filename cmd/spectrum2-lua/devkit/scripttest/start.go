package scripttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/config"
)

// never is longer than any case. The world limits waits itself.
const never = 24 * time.Hour

// The homes of a script.
const (
	homeServe    = "serve"
	homeSpectrum = "spectrum"
)

// start implements t:start([options]), which starts a backend with the script under test.
// Options are config, with additional keys, script, another script or config file, and
// home.
func start(l *lua.LState, w *world) int {
	if w.started() != nil {
		bind.Raise(l, "the script runs already: call t:start once, before the first t:login")
	}
	o := bind.OptionsAt(l, 2, "start")
	path, more := w.suite.script, o.Table("config")
	if given := o.String("script", ""); given != "" {
		path = w.suite.beside(given)
	}
	home := o.String("home", homeServe)
	o.Done()
	if home != homeServe && home != homeSpectrum {
		bind.Raise(l, "start: home: %q or %q expected, got %q", homeServe, homeSpectrum, home)
	}
	if more != nil {
		if err := checkSections(more); err != nil {
			bind.Raise(l, "start: config: %v", err)
		}
	}
	w.begin(l, path, more, home)
	return 0
}

// needStage returns the backend and starts it if necessary.
func (w *world) needStage(l *lua.LState) *harness.Harness {
	if s := w.started(); s != nil {
		return s
	}
	return w.begin(l, w.suite.script, nil, homeServe)
}

// begin starts the backend. It raises the error of a script that does not load.
func (w *world) begin(l *lua.LState, path string, more *lua.LTable, home string) *harness.Harness {
	settings := slices.DeleteFunc(w.settings(l, w.suite.config), func(general config.Override) bool {
		return says(more, general.Key)
	})
	settings = append(settings, w.settings(l, more)...)
	w.mu.Lock()
	w.opened = path
	w.mu.Unlock()
	var s *harness.Harness
	err := bind.Wait(l, func(context.Context) (err error) {
		s, err = harness.Open(w.ctx, harness.Options{
			Path: path, Settings: settings, WorkingDir: w.dir, NoRetries: true, Clock: w.clock, Compiled: w.sources, Coverage: w.cover.ofScript, Debugger: w.debugger,
			Log:      func(line harness.Line) { w.journal.add(line, false) },
			Spectrum: simulator.Options{Timeout: never, Gateway: home == homeServe},
		})
		if err == nil {
			w.mu.Lock()
			w.run = s
			w.mu.Unlock()
			err = s.LoadError()
		}
		return err
	})
	if err != nil {
		w.journal.excuseLoad() // the next line reports the error
		bind.Raise(l, "%v", err)
	}
	return s
}

// says reports whether sections sets a key. An empty list counts.
func says(sections *lua.LTable, name string) bool {
	section, key, _ := strings.Cut(name, ".")
	if sections == nil {
		return false
	}
	keys, ok := sections.RawGetString(section).(*lua.LTable)
	return ok && keys.RawGetString(key) != lua.LNil
}

// settings returns the sorted keys of a config in a table. It calls a function in the table
// with t and uses its result.
func (w *world) settings(l *lua.LState, sections *lua.LTable) (all []config.Override) {
	if sections == nil {
		return nil
	}
	sections.ForEach(func(section, keys lua.LValue) {
		keys.(*lua.LTable).ForEach(func(key, value lua.LValue) {
			name := section.String() + "." + key.String()
			if fn, ok := value.(*lua.LFunction); ok {
				l.Push(fn)
				l.Push(caseClass.New(w))
				l.Call(1, 1)
				value = l.Get(-1)
				l.Pop(1)
			}
			for _, text := range texts(l, name, value) {
				all = append(all, config.Override{Key: name, Value: text})
			}
		})
	})
	slices.SortStableFunc(all, func(a, b config.Override) int {
		if a.Key < b.Key {
			return -1
		} else if a.Key > b.Key {
			return 1
		}
		return 0
	})
	return all
}

// texts returns the texts of a value, or of a list of values, in a config file.
func texts(l *lua.LState, name string, value lua.LValue) []string {
	switch v := value.(type) {
	case lua.LString:
		return []string{string(v)}
	case lua.LNumber:
		return []string{v.String()}
	case lua.LBool:
		if v {
			return []string{"1"}
		}
		return []string{"0"}
	case *lua.LTable:
		var all []string
		for i := 1; i <= v.Len(); i++ {
			all = append(all, texts(l, name, v.RawGetInt(i))...)
		}
		return all
	}
	bind.Raise(l, "config: %s: string, number, true or false, or list of them expected, got %s", name, bind.Describe(value))
	return nil
}

// looks is how often the world must be idle in a row until it counts as settled. It is more
// than between two steps of the clock, because servers on this machine may send something.
const looks = 4

// settle waits until the script has handled all messages, except for handlers that wait for
// something else, and until its messages have arrived.
func (w *world) settle(ctx context.Context) error {
	s := w.started()
	if s == nil {
		w.rest(ctx)
		return nil
	}
	if err := s.Spectrum.Ping(ctx); err != nil { // the backend has read all messages
		return err
	}
	for range looks {
		w.rest(ctx)
	}
	// PONG overtakes other messages, but is in the same write as earlier ones.
	for range 2 {
		if err := s.Spectrum.Ping(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settleFunction implements t:settle().
func settleFunction(l *lua.LState, w *world) int {
	if err := bind.Wait(l, w.settle); err != nil {
		bind.Raise(l, "settle: %v", w.ended(err))
	}
	return 0
}

// advance implements t:advance(seconds), which advances the clock of script and test.
func advance(l *lua.LState, w *world) int {
	d := bind.CheckSeconds(l, 2)
	err := bind.Wait(l, func(ctx context.Context) error {
		if err := w.settle(ctx); err != nil {
			return err
		}
		return w.clock.Advance(ctx, d)
	})
	if err != nil {
		bind.Raise(l, "advance: %v", w.ended(err))
	}
	return 0
}

// reload implements t:reload(), which reloads the script.
func reload(l *lua.LState, w *world) int {
	s := w.needStage(l)
	err := bind.Wait(l, func(ctx context.Context) error {
		if err := w.settle(ctx); err != nil {
			return err
		}
		if err := s.Load(ctx); err != nil {
			return err
		}
		return w.settle(ctx)
	})
	if err != nil {
		w.journal.excuseLoad()
		bind.Raise(l, "cannot reload the script: %v", err)
	}
	return 0
}

// ended explains an error of a connection that has ended.
func (w *world) ended(err error) error {
	if s := w.started(); s != nil {
		if why := s.Spectrum.Err(); why != nil {
			return fmt.Errorf("the script's backend has ended: %w", why)
		}
	}
	return err
}
