package check

import "slices"

// Code is a kind of finding. Codes are stable: scripts and editors may rely on
// them.
type Code struct {
	Name     string
	Severity Severity
	Doc      string // one sentence
}

var codes = []Code{
	{"syntax", Error, "The source does not compile."},
	{"unreadable", Error, "A file cannot be read."},
	{"no-handlers", Error, "A script does not return the table of its handlers."},
	{"unknown-handler", Error, "A handler is named after no message, or is no function."},
	{"unused-handler", Warning, "A handler is for a message that never comes."},
	{"handler-parameters", Warning, "A handler has more parameters than it is called with."},
	{"never-connected", Warning, "Nothing in a script answers a login."},
	{"unknown-message", Error, "No message of this name can be sent."},
	{"unknown-field", Error, "A message has no field of this name."},
	{"missing-field", Error, "A field that has to be there is not."},
	{"wrong-value", Error, "A value is of the wrong kind, or none of an enum's."},
	{"backend-config", Error, "spectrum.backend_config does not take this."},
	{"backend-config-key", Warning, "Spectrum 2.2 reads no such key of spectrum.backend_config."},
	{"unknown-member", Error, "A session, module or object has no such function or field."},
	{"dot-for-colon", Error, "A method is called with a dot in place of the colon."},
	{"set-member", Error, "A field of a session or an object is set."},
	{"unknown-option", Error, "A function has no option of this name."},
	{"unknown-module", Error, "A module that is required is not found."},
	{"undefined-global", Error, "A global is read that nothing sets."},
	{"global-assignment", Warning, "A global is set, which all files of the script share."},
	{"unused-local", Warning, "A local variable or function is never used."},
	{"unknown-code", Warning, "A comment asks to ignore a code that does not exist."},
	{"config", Error, "Spectrum or the backend refuses the config file."},
	{"config-doubt", Warning, "A line of the config file reads otherwise than it looks."},
	{"backend-path", Error, "[service] backend is no absolute path."},
	{"backend-missing", Warning, "[service] backend is not set, or names no program on this machine."},
	{"hidden-config", Warning, "Spectrum's user cannot read the config, or a file that it names."},
	{"hidden-script", Warning, "Spectrum's user cannot read the script, or a file that it requires."},
	{"not-writable", Warning, "Spectrum's user cannot write where it has to."},
	{"no-database", Warning, "Nobody can register, since Spectrum has no database."},
	{"several-processes", Warning, "The script listens, but Spectrum would start it several times."},
	{"idle-reconnect", Warning, "idle_reconnect_time leaves users behind who are served twice."},
}

// Codes are all kinds of findings.
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
