package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
)

// IsScript reports whether a path names a script and not a config file.
func IsScript(path string) bool { return filepath.Ext(path) == ".lua" }

// load reads or makes up the config, and applies the changes of the options.
func (o Options) load() (*config.Config, error) {
	changes := append([]config.Override{
		{Key: "service.working_dir", Value: o.WorkingDir},
		{Key: "lua.reload", Value: boolean(o.Reload)},
		// Do not use the transport's own database.
		{Key: "lua.store", Value: filepath.Join(o.WorkingDir, database.FileName)},
		// Share files on this machine only, on a port of this process.
		{Key: "files.listen", Value: "127.0.0.1:0"},
		{Key: "files.public_url"},
		{Key: "files.folder", Value: filepath.Join(o.WorkingDir, "files")},
		{Key: "files.cert"},
		{Key: "files.key"},
	}, o.Settings...)
	if !IsScript(o.Path) {
		return config.Load(o.Path, config.Options{Overrides: changes})
	}
	script, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(script); err != nil {
		return nil, fmt.Errorf("reading the script: %w", err)
	} else if info.IsDir() {
		return nil, fmt.Errorf("reading the script: %s is a folder", script)
	}
	if o.Companion {
		c, err := companion(script, changes)
		if c != nil || err != nil {
			return c, err
		}
	}
	made := append([]config.Override{
		{Key: "service.jid", Value: madeJID(script)},
		{Key: "lua.script", Value: script},
	}, changes...)
	return config.Parse(configBeside(script), nil, config.Options{Overrides: made})
}

func boolean(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// configBeside returns the path of the config file with the name of a script.
func configBeside(script string) string { return strings.TrimSuffix(script, ".lua") + ".cfg" }

// companion returns the config with the name of a script. It returns nil if the file
// does not exist or names another script.
func companion(script string, changes []config.Override) (*config.Config, error) {
	path := configBeside(script)
	if _, err := os.Stat(path); err != nil {
		return nil, nil //nolint:nilerr // the file does not exist
	}
	c, err := config.Load(path, config.Options{Overrides: changes})
	if err != nil {
		return nil, err
	}
	settings, err := c.Settings()
	if err == nil && !sameFile(settings.Script, script) {
		return nil, nil
	}
	return c, nil // the caller reports mistakes in [lua]
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// hostName matches a name that can be the first part of a domain.
var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// madeJID returns the JID of a transport for a script without a config.
func madeJID(script string) string {
	name := strings.ToLower(strings.TrimSuffix(filepath.Base(script), ".lua"))
	if !hostName.MatchString(name) {
		name = "lua"
	}
	return name + ".localhost"
}
