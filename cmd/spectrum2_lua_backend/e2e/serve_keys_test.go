//go:build e2e

package e2e_test

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spectrumlua/runtime/gateway/settings"
)

// keyLine matches a key in an example config, also one that is commented out.
var keyLine = regexp.MustCompile(`^#?\s*([A-Za-z_]+)\s*=`)

// keyText matches a key in the text of a program.
var keyText = regexp.MustCompile(`\b(?:service|identity|registration|gateway_responder|settings|features|database|logging|backend|vhosts)\.[a-z][A-Za-z_]+`)

// notKeys are texts in Spectrum's programs that look like keys.
var notKeys = map[string]bool{"database.sql": true, "backend.xml": true}

// TestServeKnowsAllKeysOfSpectrum looks for keys in the example configs and in the programs
// of Debian's package. Each has to be in the table of the docs, honoured or with the reason
// (runtime/gateway/settings TestDocsHaveEachKey).
func TestServeKnowsAllKeysOfSpectrum(t *testing.T) {
	known := map[string]bool{}
	for _, k := range settings.Keys() {
		known[k.Name] = true
	}
	check := func(file string, keys []string) {
		t.Helper()
		if len(keys) == 0 {
			t.Errorf("%s: no keys found", file)
		}
		for _, key := range keys {
			if !known[key] && !notKeys[key] {
				t.Errorf("%s: %s is not in runtime/gateway/settings/keys.go", file, key)
			}
		}
	}
	for _, file := range inRoot(t, "etc/spectrum2/transports/*.example") {
		var keys []string
		section := ""
		lines := bufio.NewScanner(bytes.NewReader(read(t, file)))
		for lines.Scan() {
			line := strings.TrimSpace(lines.Text())
			if strings.HasPrefix(line, "[") {
				section = strings.Trim(line, "[]")
			} else if m := keyLine.FindStringSubmatch(line); m != nil {
				keys = append(keys, section+"."+m[1])
			}
		}
		check(file, keys)
	}
	for _, pattern := range []string{"usr/bin/spectrum2", "usr/lib/*/libtransport.so.2.0", "usr/libexec/spectrum2_*_backend"} {
		var keys []string
		for _, file := range inRoot(t, pattern) {
			for _, key := range keyText.FindAll(read(t, file), -1) {
				keys = append(keys, string(key))
			}
		}
		check(pattern, keys)
	}
}

// inRoot returns the files below the provisioned root that match a pattern.
func inRoot(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files, %v", pattern, err)
	}
	return files
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
