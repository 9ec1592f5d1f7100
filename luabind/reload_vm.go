package luabind

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/task"
)

// loadTimeout is how long a script may take to load, including its waits.
const loadTimeout = time.Minute

// undoTimeout is how long a failed load waits for the roll back to finish.
const undoTimeout = time.Second

var (
	errLoadTooLong = fmt.Errorf("stopped: the script took longer than %v to load", loadTimeout)
	errNotLoaded   = errors.New("the script did not load")
)

// Load runs the script in a new VM. If that succeeds, the VM takes over between two
// messages. If it fails, the error names file and line, the load is rolled back, and
// the previous VM continues. Logins are refused with the error if there is no
// previous VM. Load logs both results. The caller must not hold the script lock.
func (h *Host) Load() error {
	h.loads.Lock()
	defer h.loads.Unlock()
	generation, fingerprint, err := h.load()
	switch {
	case err == nil:
		h.log.Infof("loaded %s: generation %d, %s", h.opts.Settings.Script, generation, fingerprint)
		h.afterLoad()
		h.passTexts()
	case generation == 0:
		h.log.Errorf("cannot load %s, so logins are refused: %v", h.opts.Settings.Script, err)
	default:
		h.log.Errorf("cannot load %s, so generation %d keeps running: %v", h.opts.Settings.Script, generation, err)
	}
	return err
}

// passTexts calls Options.Loaded after a load.
func (h *Host) passTexts() {
	if h.opts.Loaded == nil {
		return
	}
	var v *vm
	h.opts.Scheduler.Do(func() { v = h.vm })
	h.opts.Loaded(v.takeTexts())
}

// load is Load without the log and the cleanup after it. It returns the generation
// that is in use afterwards, or 0 if no script has loaded yet.
func (h *Host) load() (generation int, fingerprint string, err error) {
	v := h.emptyVM()
	if h.opts.Loaded != nil {
		v.texts = map[string]string{}
	}
	stop := v.hurry()
	chunk, err := v.loadScript() // without the script lock, so that messages do not wait
	owner := h.sessions.Process().Part()
	loading := owner.Spawn("", func(t *task.Task) {
		t.SetLabel(&task.Label{Kind: "load"})
		defer t.Owner().AfterFunc(loadTimeout, func() { t.Cancel(errLoadTooLong) }).Stop()
		if err == nil {
			err = v.runScript(t, chunk)
		}
		stop()
		h.noteFiles(v, err != nil)
		h.loadErr = err
		if err == nil {
			h.takeOver(v, owner)
			fingerprint = v.fingerprint()
		}
		generation = h.generation
	})
	<-loading.Ended()
	if loading.NeverRan() != nil {
		v.precompiler.Close()
		err = errNotLoaded // the process is ending
	}
	if err != nil {
		owner.Cancel(errNotLoaded)
		select {
		case <-owner.Idle(): // the next load can use the same resources
		case <-time.After(undoTimeout):
		}
	}
	return generation, fingerprint, err
}

// runScript runs the script and stores its handlers. Tasks, timers and messages
// that the script starts are deferred until v.start. After an error, only v.files
// and v.missing are of use.
func (v *vm) runScript(t *task.Task, chunk *lua.LFunction) error {
	if v.host.opts.Extra == nil {
		v.start = v.runtime.BeginLoading()
	}
	var returned lua.LValue = lua.LNil
	err := v.run(t, chunk, nil, func(l *lua.LState, n int) {
		if n > 0 {
			returned = l.Get(-n)
		}
	})
	if err == nil && v.host.opts.Extra == nil {
		var handlers map[string]*lua.LFunction
		handlers, err = v.checkHandlers(returned)
		v.setHandlers(handlers)
	}
	return err
}

// takeOver makes v the VM that handles messages and runs its deferrals. It starts
// on.reload if there was a VM before. opened is the owner of the resources that v
// has opened. The caller holds the script lock.
func (h *Host) takeOver(v *vm, opened *task.Owner) {
	h.generation++
	h.newest.Store(int64(h.generation))
	v.generation = h.generation
	before := h.vm
	h.vm = v
	handled := v.handledTypes()
	h.handled.Store(&handled)
	h.loadTime.add(v, opened.Join())
	h.generations.begin(v)
	if before != nil {
		h.retire(before)
		h.timers.CancelUnnamed()
		for _, s := range h.sessions.Sessions() {
			h.sessionObject(s).cancelUnnamed()
		}
	}
	if v.start != nil {
		v.start()
	}
	h.announceCommands(v)
	if before != nil && v.handler(reloadHandler) != nil {
		h.postReload(v)
	}
}

// loaded reports whether a script has loaded.
func (h *Host) loaded() (loaded bool) {
	h.opts.Scheduler.Do(func() { loaded = h.vm != nil })
	return loaded
}

// Files returns the script's file and the files that it required in the last Load.
// After a failed Load it also returns the files that require did not find. Before
// the first Load it returns the script's file.
func (h *Host) Files() (files []string) {
	h.opts.Scheduler.Do(func() { files = h.files })
	if files == nil {
		return []string{h.opts.Settings.Script}
	}
	return files
}

// hashing wraps open so that it also adds the file's text to sum.
func hashing(sum hash.Hash, open func(path string) (*os.File, error)) func(path string) (*os.File, error) {
	return func(path string) (*os.File, error) {
		f, err := open(path)
		if err != nil {
			return nil, err
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			_, _ = io.Copy(sum, io.LimitReader(f, maxSummed)) // the next read returns the same error
			_, _ = f.Seek(0, io.SeekStart)
		}
		return f, nil
	}
}

// maxSummed limits how much of a file is hashed. Longer scripts do not load.
const maxSummed = 8 << 20

// sum is the SHA-256 of a file's text.
type sum = [sha256.Size]byte

// fingerprint returns a text that identifies the version of the script. Its first
// number is the beginning of the script's SHA-256, as sha256sum prints it. The
// second one changes with the name or text of any required file.
func (v *vm) fingerprint() string {
	text := "sha256 " + hex.EncodeToString(v.sum.Sum(nil)[:6])
	n := len(v.files) - 1
	if n < 1 {
		return text
	}
	others := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(v.files)) {
		if path != v.host.opts.Settings.Script {
			fmt.Fprintf(others, "%x  %s\n", v.files[path].sum, v.chunkName(path)) // a hash never fails
		}
	}
	what := "a file that it requires"
	if n > 1 {
		what = fmt.Sprintf("%d files that it requires", n)
	}
	return fmt.Sprintf("%s, and %s (sha256 %x)", text, what, others.Sum(nil)[:6])
}
