package check

import "slices"

// Code describes a kind of finding. Codes never change: scripts and editors may rely on them.
type Code struct {
	Name     string
	Severity Severity
	Doc      string // one sentence
}

var codes = []Code{
	{"syntax", Error, "The source does not compile."},
	{"not-utf-8", Warning, "The source is not UTF-8."},
	{"never-loads", Error, "A file raises an error whenever it is loaded."},
	{"unreadable", Error, "check cannot read a file, or a folder has nothing to check."},
	{"no-handlers", Error, "The script does not return the table of its handlers."},
	{"unknown-handler", Error, "A handler has the name of no message, or is not a function."},
	{"unused-handler", Warning, "A handler is for a message that the script never receives."},
	{"handler-parameters", Warning, "A handler has more parameters than the runtime passes."},
	{"never-connected", Warning, "The script never answers a login."},
	{"unknown-message", Error, "A script cannot send a message of this name."},
	{"unknown-field", Error, "A message has no field of this name."},
	{"missing-field", Error, "A required field or option is missing."},
	{"missing-argument", Error, "A call has too few arguments."},
	{"wrong-value", Error, "A value has the wrong type, or an enum does not have it."},
	{"backend-config", Error, "spectrum.backend_config rejects a section or value."},
	{"backend-config-key", Warning, "Spectrum 2.2 does not read a key of spectrum.backend_config."},
	{"unknown-member", Error, "A session, module or object has no such function or field."},
	{"dot-for-colon", Error, "A script calls a method with a dot instead of a colon."},
	{"colon-for-dot", Error, "A script calls a module's function with a colon instead of a dot."},
	{"room-before-join", Warning, "A script sends a message to a room that the user has not joined."},
	{"unset-data", Warning, "A script reads a field of session.data that it never sets."},
	{"ignored-failure", Warning, "A script ignores that a function may fail."},
	{"set-member", Error, "A script sets a field of a session or an object."},
	{"unknown-option", Error, "A function has no option of this name."},
	{"unknown-module", Error, "A required module does not exist."},
	{"module-no-table", Warning, "A required file does not return a table, but its result is used as one."},
	{"undefined-global", Error, "A script reads a global that nothing sets."},
	{"global-assignment", Warning, "A script sets a global, which all its files share."},
	{"unused-local", Warning, "The script never uses a local variable or function."},
	{"unknown-code", Warning, "A comment asks to ignore a code that does not exist."},
	{"config", Error, "Spectrum or the backend rejects the config file."},
	{"config-doubt", Warning, "A line of the config file means something else than it seems."},
	{"unknown-key", Warning, "A key in a section of Spectrum is not one of Spectrum's."},
	{"missing-file", Warning, "A file of the log's settings does not exist on this machine."},
	{"backend-path", Error, "[service] backend is not an absolute path."},
	{"backend-missing", Warning, "The program of [service] backend does not exist on this machine, or the key is missing beside others that only Spectrum reads."},
	{"hidden-config", Warning, "Spectrum's user cannot read the config, or a file that it names."},
	{"hidden-script", Warning, "Spectrum's user cannot read the script, or a file that it requires."},
	{"not-writable", Warning, "Spectrum's user cannot write to a necessary file or folder."},
	{"no-database", Warning, "Nobody can register, since Spectrum has no database."},
	{"several-processes", Warning, "The script listens on a port, but Spectrum may start it several times."},
	{"idle-reconnect", Warning, "idle_reconnect_time makes two processes serve the same user."},
}

// Codes returns all kinds of findings.
func Codes() []Code { return slices.Clone(codes) }

var severities = func() map[string]Severity {
	m := map[string]Severity{}
	for _, c := range codes {
		m[c.Name] = c.Severity
	}
	return m
}()

func codeNames() []string {
	var names []string
	for _, c := range codes {
		names = append(names, c.Name)
	}
	return names
}
