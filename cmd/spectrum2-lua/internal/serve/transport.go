// Package serve runs transports without Spectrum: it assembles the config, the log, the
// users, the script and the gateway of each.
package serve

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind/backend"
	"spectrumlua/luabind/modules/store"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/claim"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/version"
)

// openTime limits how long the database may take to open.
const openTime = 20 * time.Second

// Transport is one transport, from its config file to its log.
type Transport struct {
	config   *config.Config
	script   config.Settings
	settings settings.Settings
	secrets  *secret.Known
	logger   *logging.Logger
	log      *logrus.Entry
	claim    *claim.Claim
	store    *users.Store
	backend  *backend.Backend
}

// Open reads a config file, opens the users and loads the script. It returns a
// *claim.TakenError if another process serves the JID. If the script does not load, Open
// logs the error, and the transport refuses logins until a reload succeeds. The caller must
// call Close.
func Open(ctx context.Context, file string) (*Transport, error) {
	t := &Transport{secrets: new(secret.Known)}
	if err := t.configure(file); err != nil {
		return nil, err
	}
	t.openLog()
	if err := t.openUsers(ctx); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	t.log.Infof("spectrum2-lua %s for %s, pid %d", version.String(), t.config.JID(), os.Getpid())
	t.backend = backend.New(backend.Options{
		Context: ctx, Config: t.config, Settings: t.script, Secrets: t.secrets,
		Log:  t.category,
		Peer: t.gateway,
		OnLate: func(error) {
			t.log.Warnf("stopping did not end within %v (exit_timeout): exiting now", t.script.ExitTimeout)
			t.logger.Flush()
			os.Exit(0)
		},
	})
	return t, nil
}

// openLog opens the log, as it is configured for a backend.
func (t *Transport) openLog() {
	properties, _ := t.config.Get("logging.backend_config")
	t.logger = logging.Open(logging.Options{ConfigFile: properties, JID: t.config.JID(), ID: "1", Hide: t.secrets.Hide})
	t.log = t.logger.Category("backend")
	for _, warning := range append(t.config.Warnings(), settings.Warnings(t.config)...) {
		t.log.Warn(warning)
	}
}

// openUsers claims the JID and opens the database.
func (t *Transport) openUsers(ctx context.Context) (err error) {
	if t.claim, err = claim.Take(t.config); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	t.store, err = users.Open(ctx, t.config)
	return err
}

// configure reads the config.
func (t *Transport) configure(file string) (err error) {
	if t.config, err = config.Load(file, config.Options{}); err != nil {
		return err
	}
	t.secrets.Learn("", t.config.Secrets()...)
	if t.script, err = t.config.Settings(); err != nil {
		return err
	}
	t.settings, err = settings.Read(t.config)
	return err
}

func (t *Transport) category(name string) logrus.FieldLogger { return t.logger.Category(name) }

// gateway makes the peer of the backend.
func (t *Transport) gateway(w backend.Wiring) backend.Peer {
	return gateway.New(gateway.Options{
		Settings: t.settings, Store: t.store,
		Receive: func(ctx context.Context, typ *schema.Type, payload []byte) {
			w.Receive(ctx, typ, payload, nil)
		},
		Observer: w.Observer,
		Log:      t.category("gateway"),
		Forget: func(ctx context.Context, jid string) error {
			return store.Forget(ctx, t.config, t.script, jid)
		},
	})
}

// Run serves users until ctx is done. It returns an error if the first connection to the
// XMPP server fails, or the process uses too much memory.
func (t *Transport) Run(ctx context.Context) error {
	err := t.backend.Serve(ctx)
	if err != nil {
		t.log.Error(err)
		return err
	}
	t.log.Info("ended")
	return nil
}

// Reload reloads the script in the background.
func (t *Transport) Reload() {
	t.log.Info("SIGHUP: reloading the script")
	t.backend.Reload()
}

// Close frees all resources. Run must have returned.
func (t *Transport) Close() error {
	var err error
	if t.backend != nil {
		t.backend.Close()
	}
	if t.store != nil {
		err = t.store.Close()
	}
	if t.claim != nil {
		t.claim.Release()
	}
	return errors.Join(err, t.logger.Close())
}
