//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSpectrumLogsNoPasswordOfARegistration runs Spectrum with the logging config of the
// examples and of `spectrum2-lua new`.
func TestSpectrumLogsNoPasswordOfARegistration(t *testing.T) {
	t.Parallel()
	b := prepareBed(t, bedConfig{})
	logging := repositoryFile(t, "examples/spectrum-logging.properties")
	file := regexp.MustCompile(`(?m)^log4j\.appender\.R\.File=.*$`)
	if !file.MatchString(logging) {
		t.Fatal("the logging config names no file")
	}
	b.write("logging.cfg", file.ReplaceAllString(logging, "log4j.appender.R.File="+b.inside("spectrum.log")))
	b.startSpectrum()
	b.waitSpectrum()
	alice := b.client("alice")
	alice.available()
	alice.register()
	alice.accept()
	alice.waitOnline()
	alice.unregisters()
	b.stopSpectrum()

	looked := 0
	for _, pattern := range []string{"*.log", "spectrum.out"} {
		names, err := filepath.Glob(b.path(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			looked++
			if filepath.Base(name) != b.xmpp().log && strings.Contains(string(text), legacyPassword) {
				t.Errorf("%s has the password of the registration", filepath.Base(name))
			}
		}
	}
	if looked < 3 || !strings.Contains(b.log("spectrum.log"), "INFO") {
		t.Errorf("found %d logs; Spectrum's log:\n%s", looked, b.log("spectrum.log"))
	}
}
