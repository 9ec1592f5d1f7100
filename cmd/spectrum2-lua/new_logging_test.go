package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/runtime/config"
)

// spectrumLogging is the path of Spectrum's logging config in a transport's config.
const spectrumLogging = "/etc/spectrum2/spectrum-logging.properties"

// TestNoConfigHasSpectrumLogPasswords checks the config of a new transport and those
// of the examples. Stanzas hold the passwords of registrations, so each config must
// name a logging config that does not log stanzas.
func TestNoConfigHasSpectrumLogPasswords(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "mychat")
	if _, err := makeTransport(folder, "/usr/bin/"+backendName, newKinds[0]); err != nil {
		t.Fatal(err)
	}
	configs, err := filepath.Glob("../../examples/*.cfg")
	if err != nil || len(configs) == 0 {
		t.Fatal(err, len(configs))
	}
	for _, path := range append(configs, filepath.Join(folder, "mychat.cfg")) {
		c, err := config.Load(path, config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := c.Get("logging.config"); got != spectrumLogging {
			t.Errorf("%s: [logging] config is %q", path, got)
		}
		if got, _ := c.Get("logging.backend_config"); got != "/etc/spectrum2/backend-logging.cfg" {
			t.Errorf("%s: [logging] backend_config is %q", path, got)
		}
	}
	for _, path := range []string{"../../examples/" + filepath.Base(spectrumLogging), filepath.Join(folder, filepath.Base(spectrumLogging))} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\nlog4j.category.Component.RAW=OFF\n") || !strings.Contains(string(text), "\nlog4j.rootLogger=info,") {
			t.Errorf("%s logs stanzas:\n%s", path, text)
		}
	}
	guide, err := os.ReadFile("../../docs/guide/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(guide), "    config = "+spectrumLogging+"\n") || strings.Contains(string(guide), "\n    config = /etc/spectrum2/logging.cfg") {
		t.Errorf("the guide's config does not name %s", spectrumLogging)
	}
}
