package logging

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

const mb = 1 << 20

func TestConfigOfDebianIsUnderstood(t *testing.T) {
	c := loadConfig(Options{ConfigFile: "testdata/backend-logging.cfg", JID: "irc.example.net", ID: "7", PID: 99})
	want := &config{
		levels: levels{root: level(logrus.DebugLevel), categories: map[string]level{"link": levelInfo}},
		appenders: []appender{{
			target: toFile, file: "/var/log/spectrum2/irc.example.net/backends/backend-7.log",
			maxSize: 10000 << 10, backups: 1, threshold: levelAll,
			pattern: "99: %d %-5p %c: %m%n",
		}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
}

func TestAppendersAreReadFromTheConfig(t *testing.T) {
	t.Setenv("LOGGING_TEST_DIR", "/from/env")
	rolling := appender{target: toFile, file: "/x", maxSize: 10 * mb, backups: 1, threshold: levelAll}
	with := func(change func(*appender)) []appender {
		a := rolling
		change(&a)
		return []appender{a}
	}
	const head = "log4j.rootLogger=INFO, R\nlog4j.appender.R=org.apache.log4j.RollingFileAppender\nlog4j.appender.R.File=/x\n"
	stderr := standardError().appenders
	for _, tc := range []struct {
		name, text string
		appenders  []appender
		warning    string // a part of the only warning, or "" if no warning is expected
	}{
		{"defaults", head, []appender{rolling}, ""},
		{"names in any case", head + "log4j.appender.R.maxfilesize=1GB\nlog4j.appender.R.MAXBACKUPINDEX=5\n",
			with(func(a *appender) { a.maxSize, a.backups = 1024*mb, 5 }), ""},
		{"MaxBackupIndex 0 keeps one backup", head + "log4j.appender.R.MaxBackupIndex=0\n", []appender{rolling}, ""},
		{"negative backups", head + "log4j.appender.R.MaxBackupIndex=-3\n", []appender{rolling}, `:4: "-3" is not a number`},
		{"bad size", head + "log4j.appender.R.MaxFileSize=big\n", []appender{rolling}, `:4: "big" is not a file size`},
		{"bytes", head + "log4j.appender.R.MaxFileSize=5000\n", with(func(a *appender) { a.maxSize = 5000 }), ""},
		{"not appended", head + "log4j.appender.R.Append=false\n", with(func(a *appender) { a.truncate = true }), ""},
		{"threshold", head + "log4j.appender.R.Threshold=ERROR\n", with(func(a *appender) { a.threshold = level(logrus.ErrorLevel) }), ""},
		{"pattern", head + "log4j.appender.R.layout=org.apache.log4j.PatternLayout\nlog4j.appender.R.layout.conversionPattern=%m %n\n",
			with(func(a *appender) { a.pattern = "%m %n" }), ""},
		{"layout without a pattern", head + "log4j.appender.R.layout=log4cxx::PatternLayout\n", with(func(a *appender) { a.pattern = "%m%n" }), ""},
		{"simple layout", head + "log4j.appender.R.layout=org.apache.log4j.SimpleLayout\n", with(func(a *appender) { a.pattern = "%p - %m%n" }), ""},
		{"HTML layout", head + "log4j.appender.R.layout=org.apache.log4j.HTMLLayout\n", []appender{rolling}, ":4: org.apache.log4j.HTMLLayout is not supported"},
		{"plain file", strings.Replace(head, "RollingFile", "File", 1), with(func(a *appender) { a.maxSize = 0 }), ""},
		{"daily file", strings.Replace(head, "RollingFile", "DailyRollingFile", 1), []appender{rolling}, ":2: DailyRollingFileAppender is not supported"},
		{"environment", head + "log4j.appender.R.File=${LOGGING_TEST_DIR}/y\n", with(func(a *appender) { a.file = "/from/env/y" }), ""},
		{"a key of the file", head + "where=/from/key\nlog4j.appender.R.File=${where}/y\n", with(func(a *appender) { a.file = "/from/key/y" }), ""},
		{"unknown variable", head + "log4j.appender.R.File=/x${nope}\n", []appender{rolling}, ":4: ${nope} in log4j.appender.R.File is unknown"},
		{"no file", "log4j.rootLogger=INFO, R\nlog4j.appender.R=FileAppender\n", stderr, "has no log4j.appender.R.File=PATH"},
		{"console", "log4j.rootLogger=INFO, C\nlog4j.appender.C=org.apache.log4j.ConsoleAppender\n", []appender{{target: toStdout, backups: 1, threshold: levelAll}}, ""},
		{"console, standard error", "log4j.rootLogger=INFO, C\nlog4j.appender.C=ConsoleAppender\nlog4j.appender.C.target=System.err\n",
			[]appender{{target: toStderr, backups: 1, threshold: levelAll}}, ""},
		{"nothing", "log4j.rootLogger=INFO, N\nlog4j.appender.N=NullAppender\n", []appender{{backups: 1, threshold: levelOff}}, ""},
		{"several", head + "log4j.rootLogger=INFO, R , C,R\nlog4j.appender.C=ConsoleAppender\n",
			[]appender{rolling, {target: toStdout, backups: 1, threshold: levelAll}}, ""},
		{"one of several appenders is missing", head + "log4j.rootLogger=INFO, R, Q\n", []appender{rolling}, ":4: log4j.rootLogger names the appender Q, but log4j.appender.Q is missing"},
		{"unsupported", "log4j.rootLogger=INFO, S\nlog4j.appender.S=org.apache.log4j.net.SyslogAppender\n", stderr, "SyslogAppender is not supported"},
		{"rootCategory", strings.Replace(head, "rootLogger", "rootCategory", 1), []appender{rolling}, ""},
		{"category's appender", head + "log4j.logger.lua=DEBUG, R\n", []appender{rolling}, ":4: an appender for one category"},
		{"bad level", head + "log4j.rootLogger=LOUD, R\n", []appender{rolling}, `:4: "LOUD" in log4j.rootLogger is not a level`},
		{"no appender", "log4j.rootLogger=INFO\n", stderr, "no appender is usable"},
		{"another kind of file", "[service]\njid = x\n", stderr, "log4j.rootLogger=LEVEL, APPENDER is missing"},
		{"empty", "", stderr, "log4j.rootLogger=LEVEL, APPENDER is missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := parseConfig(Options{ConfigFile: "f"}, tc.text)
			if !reflect.DeepEqual(c.appenders, tc.appenders) {
				t.Errorf("got %+v, want %+v", c.appenders, tc.appenders)
			}
			if warnings := strings.Join(c.warnings, "\n"); !strings.Contains(warnings, tc.warning) || (tc.warning == "") != (warnings == "") {
				t.Errorf("warnings %q, want %q", warnings, tc.warning)
			}
		})
	}
}

func TestLevelsOfTheConfigDecideWhatIsLogged(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		logrus     logrus.Level
		passes     map[string]string // by category: the first letters of the levels that are logged
	}{
		{"root", "log4j.rootLogger=warn, C", logrus.WarnLevel, map[string]string{"lua": "FEW"}},
		{"off", "log4j.rootLogger=OFF, C", logrus.PanicLevel, map[string]string{"lua": ""}},
		{"all", "log4j.rootLogger=ALL, C", logrus.TraceLevel, map[string]string{"lua": "FEWIDT"}},
		{"fatal", "log4j.rootLogger=Fatal, C", logrus.FatalLevel, map[string]string{"lua": "F"}},
		{"no level", "log4j.rootLogger=, C", logrus.InfoLevel, map[string]string{"lua": "FEWI"}},
		{"category", "log4j.rootLogger=INFO, C\nlog4j.category.lua=DEBUG\nlog4j.logger.lua.net=ERROR\nlog4j.logger.link=OFF",
			logrus.DebugLevel, map[string]string{"lua": "FEWID", "lua.http": "FEWID", "lua.net.x": "FE", "luap": "FEWI", "link": "", "": "FEWI"}},
		{"inherited", "log4j.rootLogger=INFO, C\nlog4j.category.lua=INHERITED", logrus.InfoLevel, map[string]string{"lua": "FEWI"}},
		{"threshold of the whole log", "log4j.rootLogger=DEBUG, C\nlog4j.category.lua=TRACE\nlog4j.threshold=WARN", logrus.WarnLevel, map[string]string{"lua": "FEW", "x": "FEW"}},
		{"threshold of the appender", "log4j.rootLogger=DEBUG, C\nlog4j.appender.C.Threshold=ERROR", logrus.DebugLevel, map[string]string{"lua": "FE"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for category, want := range tc.passes {
				tr := openWith(t, tc.text+"\nlog4j.appender.C=ConsoleAppender\nlog4j.appender.C.layout=PatternLayout\nlog4j.appender.C.layout.ConversionPattern=%m%n\n")
				if tr.GetLevel() != tc.logrus {
					t.Errorf("logrus has %v, want %v", tr.GetLevel(), tc.logrus)
				}
				log := tr.Category(category)
				for i, at := range []logrus.Level{logrus.FatalLevel, logrus.ErrorLevel, logrus.WarnLevel, logrus.InfoLevel, logrus.DebugLevel, logrus.TraceLevel} {
					log.Log(at, "FEWIDT"[i:i+1])
				}
				finish(t, tr.Logger)
				if got := strings.ReplaceAll(read(t, tr.stdout.Name()), "\n", ""); got != want {
					t.Errorf("%q: %q is written, want %q", category, got, want)
				}
			}
		})
	}
}

func TestUnreadableConfigLogsToStandardError(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct{ name, file, want string }{
		{"missing", filepath.Join(dir, "none.cfg"), "no such file"},
		{"a folder", dir, "not a regular file"},
		{"a device", "/dev/zero", "not a regular file"},
		{"too large", tempFile(t, strings.Repeat("#", maxConfigSize+1)).Name(), "larger than 1 MB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stderr := tempFile(t, "")
			l := Open(Options{ConfigFile: tc.file, Stderr: stderr})
			l.Category("lua").Info("still here")
			finish(t, l)
			wantContains(t, read(t, stderr.Name()), tc.file, tc.want, "logging to standard error", "INFO  lua: still here\n")
		})
	}
}

func TestConfigMayBeUTF8OrLatin1(t *testing.T) {
	for name, text := range map[string]string{
		"UTF-8":   "log4j.appender.C.layout.ConversionPattern=gr\u00fc\u00dfe %m%n\n",
		"Latin-1": "log4j.appender.C.layout.ConversionPattern=gr\xfc\xdfe %m%n\n",
		"BOM":     "log4j.appender.C.layout.ConversionPattern=gr\u00fc\u00dfe %m%n\n",
	} {
		t.Run(name, func(t *testing.T) {
			head := "log4j.rootLogger=INFO, C\nlog4j.appender.C=ConsoleAppender\nlog4j.appender.C.layout=PatternLayout\n"
			if name == "BOM" {
				head = "\ufeff" + head
			}
			tr := openWith(t, head+text)
			tr.Info("x")
			finish(t, tr.Logger)
			if got := read(t, tr.stdout.Name()); got != "gr\u00fc\u00dfe x\n" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestFileSizesAreParsed(t *testing.T) {
	for text, want := range map[string]int64{
		"10000KB": 10000 << 10, "10MB": 10 * mb, "1GB": 1 << 30, "12": 12, "12B": 12, " 3 mb ": 3 * mb,
		"99999999999GB": 1 << 40, "": 0, "0": 0, "-1MB": 0, "KB": 0, "1TB": 0, "1.5MB": 0,
	} {
		if got, ok := parseFileSize(text); got != want || ok != (want > 0) {
			t.Errorf("%q: %d, %v; want %d", text, got, ok, want)
		}
	}
}

func TestHugeConfigIsNotRead(t *testing.T) {
	// The file is sparse: it uses hardly any disk space.
	f := tempFile(t, "")
	if err := os.Truncate(f.Name(), 1<<40); err != nil {
		t.Skip(err)
	}
	if _, err := readConfig(f.Name()); err == nil {
		t.Error("a file of a terabyte was read")
	}
}
