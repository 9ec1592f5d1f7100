package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/pb"
)

// TestLogGoesToTheFileOfTheConfig uses a logging config of Spectrum. Nothing goes to
// standard error.
func TestLogGoesToTheFileOfTheConfig(t *testing.T) {
	config := folder(t, `
local on = {}
function on.login(session)
  print("hello from the script")
  session:connected()
end
return on`, "[logging]", "backend_config = $jid-logging.cfg")
	dir := filepath.Dir(config)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, config, strings.Replace(string(text), "$jid-logging.cfg", filepath.Join(dir, "$jid-logging.cfg"), 1))
	write(t, filepath.Join(dir, "lua.localhost-logging.cfg"), `
log4j.rootLogger=INFO, R
log4j.appender.R=org.apache.log4j.RollingFileAppender
log4j.appender.R.File=`+dir+`/${jid}/backend-${id}.log
log4j.appender.R.MaxFileSize=10000KB
log4j.appender.R.MaxBackupIndex=1
log4j.appender.R.layout=org.apache.log4j.PatternLayout
log4j.appender.R.layout.ConversionPattern=${pid}: %d %-5p %c: %m%n
`)
	p, b := startUnder(t, config)
	u := b.Login("alice@localhost", "alice", "hunter2")
	u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
	b.Exit()
	if code := exitCode(t, p); code != 0 {
		t.Errorf("exit code %d", code)
	}
	log, err := os.ReadFile(filepath.Join(dir, "lua.localhost", "backend-1.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"INFO  lua: loaded ", "INFO  script: hello from the script user=alice@localhost"} {
		if !strings.Contains(string(log), want) {
			t.Errorf("%q is missing from the log:\n%s", want, log)
		}
	}
	if strings.Contains(string(log), "hunter2") {
		t.Error("the log has the password")
	}
	if p.Output() != "" {
		t.Errorf("standard error has %q", p.Output())
	}
}
