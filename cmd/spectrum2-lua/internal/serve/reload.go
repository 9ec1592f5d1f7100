package serve

import (
	"errors"
	"fmt"
	"strings"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/gateway/settings"
)

// reload reads the config again, applies what can change while users are online, and loads
// the script. It returns when that is done. Mistakes are logged and returned: a config or
// script that has one leaves the previous one in place. It is safe for concurrent use.
func (t *Transport) reload() error {
	t.reloading.Lock()
	defer t.reloading.Unlock()
	return errors.Join(t.reconfigure(), t.backend.Load())
}

// hangup is reload for SIGHUP.
func (t *Transport) hangup() {
	t.log.Info("SIGHUP: reloading the config and the script")
	_ = t.reload() // the error is already logged
}

// reconfigure reads the config again.
func (t *Transport) reconfigure() error {
	next, err := read(t.file)
	if err != nil {
		err = fmt.Errorf("the config is not used, and the previous one stays: %w", err)
		t.log.Error(err)
		return err
	}
	live, restart := t.changes(next.config)
	if len(restart) > 0 {
		t.log.WithField("keys", shown(restart)).Warn("these keys of the config have changed and need a restart")
	}
	t.current = next.config
	if len(live) == 0 {
		return nil
	}
	t.warn(next.config)
	t.secrets.Learn("", next.config.Secrets()...)
	t.gateway.Configure(next.settings)
	t.backend.Configure(next.config)
	t.log.WithField("keys", shown(live)).Info("these keys of the config have changed and apply now")
	return nil
}

// shown returns a list of keys for the log.
func shown(keys []string) string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = config.Shown(key)
	}
	return strings.Join(names, ", ")
}

// changes returns the keys that have changed since the last reload, and the keys that have
// changed since the start and need a restart.
func (t *Transport) changes(next *config.Config) (live, restart []string) {
	for _, key := range t.current.Changes(next) {
		if !settings.Restart(key) {
			live = append(live, key)
		}
	}
	for _, key := range t.config.Changes(next) {
		if settings.Restart(key) {
			restart = append(restart, key)
		}
	}
	return live, restart
}
