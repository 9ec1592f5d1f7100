package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/runtime/config"
)

// spectrumLogging is what transports name as Spectrum's own logging.
const spectrumLogging = "/etc/spectrum2/spectrum-logging.properties"

// TestNoConfigHasSpectrumLogPasswords looks at what new makes and at the
// examples: each names a logging in which the stanzas, which have the passwords
// of registrations, are off.
func TestNoConfigHasSpectrumLogPasswords(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "mychat")
	if _, err := makeTransport(folder, "/usr/bin/"+backendName); err != nil {
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
			t.Errorf("%s shows stanzas:\n%s", path, text)
		}
	}
	guide, err := os.ReadFile("../../docs/guide/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(guide), "    config = "+spectrumLogging+"\n") || strings.Contains(string(guide), "\n    config = /etc/spectrum2/logging.cfg") {
		t.Error("the guide's config names another logging")
	}
}
