package harness

import (
	"os"

	"spectrumlua/runtime/record"
	"spectrumlua/runtime/version"
)

// record opens the record, if the options name a file. The config's own record is not
// used.
func (s *Harness) record(o Options, log *backendLog) (err error) {
	if o.Record == "" {
		return nil
	}
	path := s.Config.Path()
	if IsScript(o.Path) && s.Config.Where("lua.script") == "command line" { // the config is made up
		path = ""
	}
	home := record.HomeSpectrum
	if o.Spectrum.Gateway {
		home = record.HomeServe
	}
	s.recorder, err = record.Open(record.Options{
		Path:    o.Record,
		Log:     log.category("backend"),
		Secrets: s.Config.Secrets(),
		Header: record.Header{
			Version: version.String(), JID: s.Config.JID(), PID: os.Getpid(),
			Config: path, Script: s.Settings.Script, Home: home,
		},
	})
	return err
}
