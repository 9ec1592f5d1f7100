package record

import (
	"os"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/version"
)

// FromConfig opens the record that [lua] record names. It returns nil if the config names no
// file. If the record cannot be written, FromConfig logs the reason and returns nil: the
// process serves without it. home is HomeSpectrum or HomeServe. The caller must call Close
// unless the result is nil.
func FromConfig(c *config.Config, settings config.Settings, home string, log logrus.FieldLogger) *Recorder {
	if settings.Record == "" {
		return nil
	}
	id, _ := c.Get("service.backend_id")
	recorder, err := Open(Options{
		Path:    settings.Record,
		Log:     log,
		Secrets: c.Secrets(),
		Header: Header{
			Version: version.String(), JID: c.JID(), Backend: id, PID: os.Getpid(),
			Config: c.Path(), Script: settings.Script, Home: home,
		},
	})
	if err != nil {
		log.Errorf("%v; the process runs without a record", err)
	}
	return recorder
}
