package settings_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/gateway/settings"
)

const root = "../../.."

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("/etc/x.cfg", []byte(text), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReadReadsTheHonouredKeys compares the table with the keys that this package reads, and
// with the source of the packages that read the others.
func TestReadReadsTheHonouredKeys(t *testing.T) {
	read := settings.KeysRead(parse(t, "[service]\njid=x.localhost\n"))
	seen := map[string]bool{}
	for _, k := range settings.Keys() {
		if seen[k.Name] {
			t.Errorf("%s is in the table twice", k.Name)
		}
		seen[k.Name] = true
		here := slices.Contains(read, k.Name)
		switch {
		case here && (!k.Honoured || k.Reader != ""):
			t.Errorf("Read reads %s: move it in keys.go to the keys of this package, and set yes in docs/admin/serve.md", k.Name)
		case !here && k.Honoured && k.Reader == "":
			t.Errorf("Read does not read %s", k.Name)
		case k.Reader != "" && !mentions(t, k.Reader, k.Name):
			t.Errorf("%s does not mention %s", k.Reader, k.Name)
		}
	}
	for _, key := range read {
		if !seen[key] {
			t.Errorf("Read reads %s, which keys.go does not have", key)
		}
	}
}

// mentions reports whether the source of a package has a key, or its name without the
// section.
func mentions(t *testing.T, dir, key string) bool {
	t.Helper()
	_, short, _ := strings.Cut(key, ".")
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") && (strings.Contains(string(text), `"`+key+`"`) || strings.Contains(string(text), `"`+short+`"`)) {
			return true
		}
	}
	return false
}

// TestDocsHaveEachKey compares the table in the docs with Keys.
func TestDocsHaveEachKey(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/admin/serve.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.HasPrefix(cells[1], " `[") {
			continue
		}
		section := ""
		for name := range strings.SplitSeq(cells[1], ",") {
			name = strings.Trim(name, " `")
			if in, rest, ok := strings.Cut(strings.TrimPrefix(name, "["), "] "); ok {
				section, name = in, rest
			}
			key := section + "." + name
			if rows[key] != "" {
				t.Errorf("%s has two rows", key)
			}
			rows[key] = strings.TrimSpace(cells[2])
		}
	}
	want := map[bool]string{true: "yes", false: "no"}
	for _, k := range settings.Keys() {
		if rows[k.Name] != want[k.Honoured] {
			t.Errorf("docs/admin/serve.md: %s has %q, not %q", k.Name, rows[k.Name], want[k.Honoured])
		}
		delete(rows, k.Name)
	}
	for key := range rows {
		t.Errorf("docs/admin/serve.md: %s is not a key of Spectrum", key)
	}
}

func TestMisspeltKeysGiveWarnings(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a letter", "[service]\njid=x\nalloed_servers=a\n", "/etc/x.cfg:3: [service] alloed_servers is not a key of Spectrum and has no effect; did you mean allowed_servers?"},
		{"case", "[registration]\nneedpassword=0\n", "/etc/x.cfg:2: [registration] needpassword is not a key of Spectrum and has no effect; did you mean needPassword?"},
		{"nothing similar", "[identity]\ncolour=red\n", "/etc/x.cfg:2: [identity] colour is not a key of Spectrum and has no effect"},
		{"section", "[registraton]\nauto_register=1\n", "/etc/x.cfg:2: the section [registraton] has no effect, but [registration] has a key auto_register"},
		{"a script's section", "[irc]\nserver=x\n[user_settings]\nport=1\n", ""},
		{"known keys", "[service]\njid=x\nbackend=/bin/x\n[proxy]\nhost=h\n[lua]\nscript=x.lua\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(settings.Warnings(parse(t, c.text)), "\n"); got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}
