package check

import (
	"os"
	"path/filepath"
	"strings"

	"spectrumlua/cmd/spectrum2-lua/devkit/account"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/store"
)

// access checks what Spectrum's user can reach of a transport.
type access struct {
	*configFile
	account *account.Account
	// told holds the findings so far, since several keys may lead to the same file.
	told map[string]bool
}

// checkAccess checks that Spectrum's user can read the transport's files and write to
// its folders. p is nil if the script cannot be read.
func (f *configFile) checkAccess(settings config.Settings, place database.Source, p *program) {
	user, _ := f.Get("service.user")
	group, _ := f.Get("service.group")
	found, err := account.Find(account.Options{User: f.options.User, ConfigUser: user, ConfigGroup: group, Root: f.options.root})
	if err != nil {
		f.tell("", "hidden-config", err.Error())
		return
	}
	a := &access{configFile: f, account: found, told: map[string]bool{}}
	a.checkScripts(settings, p)
	a.checkRead("", f.path, account.Read)
	for _, key := range []string{"logging.config", "logging.backend_config"} {
		if path, _ := f.Get(key); path != "" {
			a.checkRead(key, path, account.Read)
		}
	}
	if words, _ := f.Get("service.backend"); words != "" {
		a.checkRead("service.backend", strings.Fields(words)[0], account.Execute)
	}
	a.checkWrite(settings, place)
}

// checkScripts checks the script and the files that it requires.
func (a *access) checkScripts(settings config.Settings, p *program) {
	paths := []string{settings.Script}
	if p != nil {
		for _, u := range p.units {
			if u.path != settings.Script {
				paths = append(paths, u.path)
			}
		}
	}
	for _, path := range paths {
		a.obstacle("lua.script", "hidden-script", a.account.Check(path, account.Read), false)
	}
}

func (a *access) checkRead(key, path string, want account.Access) {
	a.obstacle(key, "hidden-config", a.account.Check(path, want), key == "")
}

// checkWrite checks the folders and files that the backend writes.
func (a *access) checkWrite(settings config.Settings, place database.Source) {
	write := func(key, path string) {
		if path != "" {
			a.obstacle(key, "not-writable", a.account.CheckNew(path), true)
		}
	}
	existing := func(key, path string) {
		if _, err := os.Stat(path); err == nil {
			write(key, path)
		}
	}
	write("service.working_dir", filepath.Join(a.WorkingDir(), database.FileName))
	if kind, _ := a.Get("database.type"); kind == "sqlite3" {
		if path, set := a.Get("database.database"); set && filepath.IsAbs(path) {
			write("database.database", path)
		}
	}
	if place.Path != "" {
		write("lua.store", place.Path)
		for _, suffix := range []string{"-wal", "-shm", "-journal"} {
			existing("lua.store", place.Path+suffix)
		}
	}
	existing("lua.store", store.KeyringFor(a.Config, place).Path)
	write("lua.record", settings.Record)
}

// obstacle reports an obstacle, once for each folder that the service cannot see.
func (a *access) obstacle(key, code string, o *account.Obstacle, secret bool) {
	if o == nil {
		return
	}
	text := a.account.Explain(o, secret)
	what := text
	if o.Setting != "" {
		what = o.Setting + o.Folder
		if code == "not-writable" {
			what += " (write)"
		}
	}
	if !a.told[what] {
		a.told[what] = true
		a.tell(key, code, text)
	}
}
