//go:build e2e

package e2e_test

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Lines of Spectrum's log, in its own words.
const (
	logBackend   = `New backend \S+ connected\. Current backend count=1$`
	logPing      = `PING to`
	logXMPP      = `Connecting XMPP server`
	logConnected = `%s: Setting ignoreDisconnect=0` // at the user's CONNECTED
)

// Without backend_port, Spectrum derives the port from the JID and from the time of its
// start in seconds. Two that start in one second would use the same port and exchange their
// backends.
const spectrumConfig = `
[service]
jid=%[1]s
server_mode=%[2]d
server=127.0.0.1
port=%[3]d
password=%[4]s
backend_host=127.0.0.1
backend_port=%[9]d
backend=%[5]s/backend
users_per_backend=%[11]d
pidfile=%[5]s/spectrum.pid
portfile=%[5]s/spectrum.port
working_dir=%[5]s/work
%[6]s

[identity]
name=Echo transport
category=gateway
type=xmpp

[database]
%[10]s

[logging]
config=%[5]s/logging.cfg
backend_config=%[5]s/backend-logging.cfg

[lua]
script=script.lua
%[7]s

%[8]s
`

// The category Component.XML logs each stanza of the XMPP server.
const spectrumLogging = `
log4j.rootLogger=DEBUG, R
log4j.appender.R=org.apache.log4j.FileAppender
log4j.appender.R.File=%s/spectrum.log
log4j.appender.R.layout=org.apache.log4j.PatternLayout
log4j.appender.R.layout.ConversionPattern=%%d %%-5p %%c: %%m%%n
`

const backendLogging = `
log4j.rootLogger=DEBUG, R
log4j.appender.R=org.apache.log4j.RollingFileAppender
log4j.appender.R.File=%s/backend-${id}.log
log4j.appender.R.MaxFileSize=10000KB
log4j.appender.R.MaxBackupIndex=1
log4j.appender.R.layout=org.apache.log4j.PatternLayout
log4j.appender.R.layout.ConversionPattern=${pid}: %%d %%-5p %%c: %%m%%n
`

// configureSpectrum writes the transport's config as an admin would.
func (b *bed) configureSpectrum() {
	b.t.Helper()
	mode, port := 0, b.componentPort
	if b.config.server {
		mode, port = 1, b.xmppPort
	}
	dir := b.inside(".")
	database := cmp.Or(b.config.database, "type=sqlite3\ndatabase="+dir+"/spectrum.sqlite")
	b.write("transport.cfg", fmt.Sprintf(spectrumConfig, b.jid, mode, port, secret, dir,
		b.config.service, b.config.lua, b.config.sections, b.backendPort, database, cmp.Or(b.config.together, 10)))
	for file, text := range map[string]string{"logging.cfg": spectrumLogging, "backend-logging.cfg": backendLogging} {
		if b.config.quiet {
			text = strings.Replace(text, "=DEBUG", "=WARN", 1)
		}
		b.write(file, fmt.Sprintf(text, dir))
	}
	if err := os.MkdirAll(b.path("work"), 0o755); err != nil {
		b.t.Fatal(err)
	}
}

// startSpectrum starts Spectrum, or what takes its place.
func (b *bed) startSpectrum() {
	b.t.Helper()
	if b.config.serve {
		b.spectrum = b.start("serve", b.inside("spectrum2-lua"), "serve", b.inside("transport.cfg"))
		return
	}
	b.spectrum = b.start("spectrum", "spectrum2", "-n", b.inside("transport.cfg"))
}

// waitSpectrum waits until the transport serves clients.
func (b *bed) waitSpectrum() {
	b.t.Helper()
	if b.config.serve {
		b.waitComponent()
		return
	}
	b.waitLog("spectrum.log", logBackend)
	if b.config.server {
		b.waitPort(b.xmppPort)
		return
	}
	b.waitLog("spectrum.log", logXMPP)
	b.waitComponent()
}

// stopSpectrum stops Spectrum as an init system would, and checks that no backend or helper
// is left.
func (b *bed) stopSpectrum() {
	b.t.Helper()
	if b.spectrum == nil {
		return
	}
	took, err := b.spectrum.stop(patience)
	if err != nil {
		b.t.Error(err)
	}
	// The backend has its own session. It receives EXIT and has two seconds, and a busy machine.
	if left := b.waitGone(); len(left) > 0 {
		b.blame("still running %v after Spectrum's end: %v", patience, left)
		kill(left)
	}
	b.t.Logf("Spectrum ended in %v", took.Round(time.Millisecond))
	b.spectrum = nil
}

// waitGone waits until only the XMPP server, helpers and clients are left.
func (b *bed) waitGone() []running {
	var left []running
	b.poll(patience, func() bool {
		left = b.ofTransportNow()
		return len(left) == 0
	})
	return left
}

// knows reports whether a process is the XMPP server, a helper or a client of this bed that
// still runs, or a child of such a process.
func (b *bed) knows(p running) bool {
	known := append([]*process{b.server}, b.helpers...)
	for _, c := range b.clients {
		known = append(known, c.process)
	}
	is := func(pid int) bool {
		return slices.ContainsFunc(known, func(p *process) bool {
			return p != nil && !p.ended() && p.cmd.Process.Pid == pid
		})
	}
	if is(p.pid) {
		return true
	}
	for pid := p.parent; pid > 1; pid, _ = parentOf(pid) {
		if is(pid) {
			return true
		}
	}
	return false
}

// backends returns the running backends.
func (b *bed) backends() []running {
	var found []running
	for _, p := range b.processes() {
		if strings.HasSuffix(p.args[0], "/backend") {
			found = append(found, p)
		}
	}
	return found
}

// log reads one of the logs, for example spectrum.log or backend-1.log.
func (b *bed) log(name string) string {
	content, err := os.ReadFile(b.path(name))
	if err != nil {
		return ""
	}
	return string(content)
}

// waitSpectrumLog is waitLog for Spectrum's own log. It does nothing without Spectrum.
func (b *bed) waitSpectrumLog(expression string) {
	b.t.Helper()
	if !b.config.serve {
		b.waitLog("spectrum.log", expression)
	}
}

// waitLog waits for a line that matches the expression.
func (b *bed) waitLog(name, expression string) string {
	b.t.Helper()
	return b.waitLogAfter(name, 0, expression)
}

// waitLogAfter is like waitLog, but ignores the first from bytes of the log. A test that
// needs only later lines passes len(b.log(name)).
func (b *bed) waitLogAfter(name string, from int, expression string) string {
	b.t.Helper()
	re := regexp.MustCompile("(?m)^.*" + expression)
	var line string
	ok := b.poll(patience, func() bool {
		if b.spectrum != nil && b.spectrum.ended() {
			b.t.Fatalf("Spectrum ended by itself: %v", b.spectrum.err)
		}
		if log := b.log(name); len(log) > from {
			line = re.FindString(log[from:])
		}
		return line != ""
	})
	if !ok {
		b.t.Fatalf("%s: no match for %q within %v", name, expression, patience)
	}
	return line
}
