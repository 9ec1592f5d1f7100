// Package serve runs transports without Spectrum: it assembles the config, the log, the
// users, the script and the gateway of each, and tells systemd about them.
package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind/backend"
	"spectrumlua/luabind/modules/store"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/claim"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/metrics"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/version"
)

// identifier names the program in the journal.
const identifier = "spectrum2-lua"

// ErrMemory is the error of Run when the process uses more than memory_limit.
var ErrMemory = backend.ErrMemory

// openTime limits how long the database may take to open.
const openTime = 20 * time.Second

// ConfigError is a mistake in a config file.
type ConfigError struct{ err error }

func (e *ConfigError) Error() string { return e.err.Error() }
func (e *ConfigError) Unwrap() error { return e.err }

// content is what a config file says.
type content struct {
	config   *config.Config
	script   config.Settings
	settings settings.Settings
	files    files.Settings
	metrics  metrics.Settings
}

// Transport is one transport, from its config file to its log.
type Transport struct {
	content // of the config file at the start
	file    string
	current *config.Config // since the last reload; reload holds reloading
	secrets *secret.Known
	logger  *logging.Logger
	log     *logrus.Entry
	claim   *claim.Claim
	store   *users.Store
	record  *record.Recorder // nil: the config names no file, or it cannot be written
	backend *backend.Backend
	gateway *gateway.Gateway

	reloading sync.Mutex // held during a reload

	// changed is called when the connection to the XMPP server begins or ends.
	changed func()
	// late is called if the end takes too long.
	late func()

	mu      sync.Mutex
	tried   bool  // the first attempt to connect has ended
	outage  error // why there is no connection; nil with one
	advised bool
	advise  func(text string)
}

// load reads a config file. Its error is a *ConfigError.
func load(file string) (*Transport, error) {
	t := &Transport{
		file: file, secrets: new(secret.Known),
		changed: func() {}, late: func() {}, advise: func(string) {},
	}
	var err error
	if t.content, err = read(file); err != nil {
		return nil, &ConfigError{err}
	}
	t.current = t.config
	t.secrets.Learn("", t.config.Secrets()...)
	return t, nil
}

// read reads and checks a config file.
func read(file string) (c content, err error) {
	if c.config, err = config.Load(file, config.Options{}); err != nil {
		return content{}, err
	}
	var wrong [5]error
	c.script, wrong[0] = c.config.Settings()
	c.settings, wrong[1] = settings.Read(c.config)
	_, wrong[2] = database.FromSection(c.config)
	c.files, wrong[3] = files.ReadSettings(c.config)
	c.metrics, wrong[4] = metrics.ReadSettings(c.config)
	return c, errors.Join(wrong[:]...)
}

// open opens the log and the users, and loads the script. It returns a *claim.TakenError if
// another process serves the JID. If the script does not load, open logs the error, and the
// transport refuses logins until a reload succeeds. The caller must call close in any case.
func (t *Transport) open(ctx context.Context) error {
	t.openLog()
	t.log.Infof("spectrum2-lua %s for %s, pid %d", version.String(), t.config.JID(), os.Getpid())
	if err := t.openUsers(ctx); err != nil {
		t.fail(err)
		return err
	}
	t.record = record.FromConfig(t.config, t.script, record.HomeServe, t.log)
	t.reloading.Lock() // New opens the admin socket
	t.backend = backend.New(backend.Options{
		Context: ctx, Config: t.config, Settings: t.script, Files: t.files, Metrics: t.metrics, Secrets: t.secrets,
		Record:    t.record,
		Log:       t.category,
		Admin:     &backend.Admin{Home: admin.HomeServe, Logger: t.logger, Reload: t.reload},
		Peer:      t.peer,
		Successor: "systemd starts another if it started this one",
		OnLate: func(error) {
			t.log.Warnf("stopping did not end within %v (exit_timeout): exiting now", t.script.ExitTimeout)
			t.late()
		},
	})
	t.reloading.Unlock()
	t.store.Measure(t.backend.Meters())
	if err := t.backend.LoadError(); err != nil {
		t.advise(t.secrets.Hide(fmt.Sprintf("%s: %v\nLogins are refused. Correct the script, and send SIGHUP to load it.", t.script.Script, err)))
	}
	return nil
}

// openLog opens the log, as it is configured for a backend.
func (t *Transport) openLog() {
	properties, _ := t.config.Get("logging.backend_config")
	t.logger = logging.Open(logging.Options{
		ConfigFile: properties, JID: t.config.JID(), ID: "1", Identifier: identifier, Hide: t.secrets.Hide,
	})
	t.log = t.logger.Category("backend")
	t.warn(t.config)
}

// warn logs the warnings about a config.
func (t *Transport) warn(c *config.Config) {
	for _, warning := range warnings(c) {
		t.log.Warn(warning)
	}
}

func warnings(c *config.Config) []string { return append(c.Warnings(), settings.Warnings(c)...) }

// openUsers claims the JID and opens the database.
func (t *Transport) openUsers(ctx context.Context) (err error) {
	if t.claim, err = claim.Take(t.config); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if t.store, err = users.Open(ctx, t.config); err != nil {
		return fmt.Errorf("%s: opening the database: %w", t.config.JID(), err)
	}
	return nil
}

// fail logs an error that ends the process. Without a log file, the line is left to the
// caller, who writes the error to standard error.
func (t *Transport) fail(err error) {
	if _, hasFile := t.config.Get("logging.backend_config"); hasFile {
		t.log.Error(err)
	}
}

func (t *Transport) category(name string) logrus.FieldLogger { return t.logger.Category(name) }

// peer makes the peer of the backend.
func (t *Transport) peer(w backend.Wiring) backend.Peer {
	t.gateway = gateway.New(gateway.Options{
		Settings: t.settings, Store: t.store,
		Receive:      w.Receive,
		Observer:     w.Observer,
		Stanzas:      w.Stanzas,
		Handles:      w.Handles,
		Files:        w.Files,
		Log:          t.category("gateway"),
		OnConnection: t.connection,
		Forget: func(ctx context.Context, jid string) error {
			return errors.Join(store.Forget(ctx, t.config, t.script, jid), w.Files.Forget(ctx, jid))
		},
	})
	return t.gateway
}

// run serves users until ctx is done. It returns an error if another process is connected
// as this component at the start, or the process uses too much memory.
func (t *Transport) run(ctx context.Context) error {
	err := t.backend.Serve(ctx)
	if err != nil {
		t.fail(err)
		return err
	}
	t.log.Info("ended")
	return nil
}

// close frees all resources. run must have returned.
func (t *Transport) close() error {
	var err error
	if t.backend != nil {
		t.backend.Close()
	}
	if t.record != nil {
		t.record.Close()
	}
	if t.store != nil {
		err = t.store.Close()
	}
	if t.claim != nil {
		t.claim.Release()
	}
	if t.logger != nil {
		err = errors.Join(err, t.logger.Close())
	}
	return err
}
