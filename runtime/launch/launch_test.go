package launch_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/launch"
)

const echo = "/etc/spectrum2/transports/echo.cfg"

// own holds the arguments that Spectrum passes before its own command line.
var own = []string{"--host", "127.0.0.1", "--port", "34155", "--service.backend_id=1"}

var backendID = config.Override{Key: "service.backend_id", Value: "1"}

// files returns a fileExists for files with these names.
func files(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

func TestParseRecordedArguments(t *testing.T) {
	data, err := os.ReadFile("testdata/argv.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct{ Argv []string }
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	got, err := launch.Parse(recorded.Argv[1:], files())
	if err != nil {
		t.Fatal(err)
	}
	want := launch.Args{Host: "127.0.0.1", Port: 39953, ConfigFile: echo, Overrides: []config.Override{backendID}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestParseFindsTheConfigFileInSpectrumsCommandLine tries arguments after Spectrum's
// three, and in front of them.
func TestParseFindsTheConfigFileInSpectrumsCommandLine(t *testing.T) {
	set := func(pairs ...string) []config.Override {
		list := []config.Override{backendID}
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, config.Override{Key: pairs[i], Value: pairs[i+1]})
		}
		return list
	}
	tests := []struct {
		name    string
		front   []string
		args    []string
		exist   []string
		file    string // echo unless set
		jid     string
		set     []config.Override // only the backend_id unless set
		ignored []string
	}{
		{name: "only the file", args: []string{echo}},
		{name: "-n before the file", args: []string{"-n", echo}},
		{name: "-n after the file", args: []string{echo, "-n"}},
		{name: "long flags", args: []string{"--no-daemonize", "--no-debug", echo}},
		{name: "-d", args: []string{"-d", echo}},
		{name: "several letters in one", args: []string{"-nd", echo}},
		{name: "-j as Debian's manager starts it", args: []string{"-j", "a.example", echo}, jid: "a.example"},
		{name: "-j joined", args: []string{"-ja.example", echo}, jid: "a.example"},
		{name: "-j last of several letters", args: []string{"-ndj", "a.example", echo}, jid: "a.example"},
		{name: "--jid", args: []string{"--jid", "a.example", "-n", echo}, jid: "a.example"},
		{name: "--jid=", args: []string{"--jid=a.example", echo}, jid: "a.example"},
		{name: "--jid after the file", args: []string{echo, "--jid", "a.example"}, jid: "a.example"},
		{name: "an empty JID", args: []string{"-j", "", echo}},
		{name: "a JID like an unknown flag", args: []string{"--jid", "-x", echo}, jid: "-x"},
		{name: "the last JID counts", args: []string{"-j", "a", "--jid=b", echo}, jid: "b"},
		{name: "--config", args: []string{"--config", echo, "-n"}},
		{name: "--config=", args: []string{"-n", "--config=" + echo}},
		{name: "a beginning of --config", args: []string{"--conf", "odd", echo}, exist: []string{echo}, file: "odd"},
		{name: "a beginning of --jid", args: []string{"--ji", "a.example", echo}, jid: "a.example"},
		{name: "a beginning of two flags", args: []string{"--no", echo}, ignored: []string{"--no"}},
		{name: "--config wins over words", args: []string{"--config", "odd", echo}, exist: []string{echo}, file: "odd"},
		{name: "the last --config counts", args: []string{"--config", "other.cfg", "--config", echo}},
		{name: "-- before the file", args: []string{"-n", "--", echo}},
		{name: "-- before a file with a dash", args: []string{"--", "-n.cfg"}, file: "-n.cfg"},
		{name: "-- at the end", args: []string{echo, "--"}},
		{name: "an empty argument", args: []string{"", echo, ""}},
		{name: "a single dash", args: []string{"-", echo}},

		{name: "an unknown letter before the file", args: []string{"-x", echo}, ignored: []string{"-x"}},
		{name: "an unknown letter with its value joined", args: []string{"-nx5", echo}, ignored: []string{"-x"}},
		{name: "-c, which Spectrum does not have", args: []string{"-c", echo}, ignored: []string{"-c"}},
		{name: "an unknown flag before the file", args: []string{"--new", echo}, ignored: []string{"--new"}},
		{name: "an unknown flag after the file", args: []string{echo, "--new"}, ignored: []string{"--new"}},
		{name: "an unknown flag with value joined", args: []string{"--new=value.cfg", echo}, ignored: []string{"--new"}},
		{name: "an unknown flag with value, before", args: []string{"--new", "value", echo}, ignored: []string{"--new"}},
		{name: "an unknown flag with value, after", args: []string{echo, "--new", "value"}, ignored: []string{"--new"}},
		{name: "... whose value is a config's name", args: []string{echo, "--new", "value.cfg"}, ignored: []string{"--new"}},
		{name: "... whose value is a file", args: []string{"echo.conf", "--pid", "/run/x.pid"}, exist: []string{"echo.conf", "/run/x.pid"},
			file: "echo.conf", ignored: []string{"--pid"}},
		{name: "... and the file is not called .cfg", args: []string{"echo.conf", "--new", "value"}, file: "echo.conf", ignored: []string{"--new"}},
		{name: "... and the file comes last", args: []string{"--new", "value", "echo.conf"}, file: "echo.conf", ignored: []string{"--new"}},
		{name: "the one that exists", args: []string{"echo.conf", "value.cfg"}, exist: []string{"echo.conf"}, file: "echo.conf"},
		{name: "the one called .cfg", args: []string{echo, "value"}},
		{name: "of two that exist, .cfg", args: []string{echo, "value"}, exist: []string{echo, "value"}},
		{name: "of two alike, the last", args: []string{"other.cfg", echo}},

		{name: "words of the backend= line", front: []string{"first", "-x", "second"}, args: []string{"-n", "echo.conf"},
			file: "echo.conf", ignored: []string{"-x"}},
		{name: "a config's name in the backend= line", front: []string{"mine.cfg"}, args: []string{"--new", echo}, ignored: []string{"--new"}},
		{name: "--config in the backend= line", front: []string{"--config", echo}, args: []string{"relative.cfg"}},
		{name: "a key in the backend= line", front: []string{"--lua.reload=1"}, args: []string{echo},
			set: []config.Override{{Key: "lua.reload", Value: "1"}, backendID}},

		{name: "a key", args: []string{"--lua.script=a.lua", echo}, set: set("lua.script", "a.lua")},
		{name: "a key with nothing", args: []string{"--lua.script=", echo}, set: set("lua.script", "")},
		{name: "a key with = in its value", args: []string{"--x.y=a=b", echo}, set: set("x.y", "a=b")},
		{name: "a key with dots", args: []string{"--x.y.z=1", echo}, set: set("x.y.z", "1")},
		{name: "a key twice, in order", args: []string{"--x.y=1", echo, "--x.y=2"}, set: set("x.y", "1", "x.y", "2")},
		{name: "a key and its value apart", args: []string{"--x.y", "1", "--x.z=2", echo}, set: set("x.y", "1", "x.z", "2")},
		{name: "... after the file", args: []string{echo, "--x.y", "1"}, set: set("x.y", "1")},
		{name: "... with --config", args: []string{"--x.y", "1.cfg", "--config", echo}, set: set("x.y", "1.cfg")},
		{name: "a key without value before the file", args: []string{"--x.y", echo}, ignored: []string{"--x.y"}},
		{name: "a key without value at the end", args: []string{echo, "--x.y"}, ignored: []string{"--x.y"}},
		{name: "a key without value before a flag", args: []string{"--x.y", "-n", echo}, ignored: []string{"--x.y"}},
		{name: "keys without a section or a name", args: []string{"--.y=1", "--x.=1", echo}, ignored: []string{"--.y", "--x."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := launch.Args{Host: "127.0.0.1", Port: 34155, ConfigFile: test.file, JID: test.jid,
				Overrides: test.set, Ignored: test.ignored}
			if want.ConfigFile == "" {
				want.ConfigFile = echo
			}
			if want.Overrides == nil {
				want.Overrides = set()
			}
			args := slices.Concat(test.front, own, test.args)
			got, err := launch.Parse(args, files(test.exist...))
			if err != nil {
				t.Fatalf("%q: %v", args, err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%q:\ngot  %+v\nwant %+v", args, got, want)
			}
		})
	}
}

func TestParseReturnsHostAndPort(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"IPv4", []string{"--host", "127.0.0.1", "--port", "1"}, "127.0.0.1:1"},
		{"IPv6", []string{"--host", "::1", "--port", "65535"}, "[::1]:65535"},
		{"IPv6 in brackets", []string{"--host=[::1]", "--port=5"}, "[::1]:5"},
		{"IPv6 with a zone", []string{"--host", "fe80::1%eth0", "--port", "5"}, "[fe80::1%eth0]:5"},
		{"a name", []string{"--host", "spectrum.example.net", "--port", "5"}, "spectrum.example.net:5"},
		{"the last ones count", []string{"--host", "a", "--port", "1", "--host=b", "--port=2"}, "b:2"},
		{"port first", []string{"--port", "5", "--host", "a"}, "a:5"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := launch.Parse(append(test.args, echo), files())
			if err != nil {
				t.Fatal(err)
			}
			if got.Address() != test.want {
				t.Errorf("Address() = %q, want %q", got.Address(), test.want)
			}
		})
	}
}

func TestParseReportsEachProblem(t *testing.T) {
	host, port := []string{"--host", "a"}, []string{"--port", "5"}
	tests := []struct {
		name string
		args []string
		want []string // a part of each problem
	}{
		{"nothing at all", nil, []string{"--host is missing", "--port is missing", "no config file"}},
		{"no host", append(port, echo), []string{"--host is missing"}},
		{"no port", append(host, echo), []string{"--port is missing"}},
		{"no config file", slices.Concat(host, port, []string{"-n", "--new"}), []string{"no config file"}},
		{"the config file taken as JID", slices.Concat(host, port, []string{"-j", echo}), []string{"no config file"}},
		{"host without value", []string{"--host", "--port", "5", echo}, []string{"--host has no value"}},
		{"empty host", []string{"--host=", "--port", "5", echo}, []string{"--host has no value"}},
		{"host at the end", append(port, echo, "--host"), []string{"--host has no value"}},
		{"host before an unknown flag", append(port, "--host", "--new", echo), []string{`--host "--new" is neither a name nor an address`}},
		{"host with port", append(port, "--host", "a:5", echo), []string{`--host "a:5" is neither a name nor an address; the port`}},
		{"host with a bracket", append(port, "--host", "[::1", echo), []string{`--host "[::1" is neither a name nor an address`}},
		{"a name in brackets", append(port, "--host", "[a]", echo), []string{`--host "[a]" is neither a name nor an address`}},
		{"host with blank", append(port, "--host", "a b", echo), []string{`--host "a b" is neither a name nor an address`}},
		{"port no number", append(host, "--port", "x", echo), []string{`--port "x" is not a port; give a number from 1 to 65535`}},
		{"port zero", append(host, "--port", "0", echo), []string{`--port "0" is not a port`}},
		{"port too high", append(host, "--port", "65536", echo), []string{`--port "65536" is not a port`}},
		{"port below zero", append(host, "--port", "-1", echo), []string{`--port "-1" is not a port`}},
		{"port without value", append(host, "--port", "-n", echo), []string{"--port has no value"}},
		{"port and more", append(host, "--port", "5x", echo), []string{`--port "5x" is not a port`}},
		{"jid without value", slices.Concat(host, port, []string{echo, "-j"}), []string{"--jid has no value"}},
		{"jid before a key", slices.Concat(host, port, []string{"-j", "--a.b=1", echo}), []string{"--jid has no value"}},
		{"config without value", slices.Concat(host, port, []string{"--config", "-n"}), []string{"--config has no value"}},
		{"config before --", slices.Concat(host, port, []string{"--config", "--"}), []string{"--config has no value"}},
		{"several problems", []string{"--port", "x"}, []string{"--host is missing", `--port "x"`, "no config file"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := launch.Parse(test.args, files())
			var usage *launch.UsageError
			if !errors.As(err, &usage) {
				t.Fatalf("error %v is not a UsageError", err)
			}
			if len(usage.Problems) != len(test.want) {
				t.Fatalf("problems %q, want %q", usage.Problems, test.want)
			}
			for i, want := range test.want {
				if !strings.Contains(usage.Problems[i], want) {
					t.Errorf("problem %q lacks %q", usage.Problems[i], want)
				}
			}
			if lines := strings.Split(err.Error(), "\n"); len(lines) != len(test.want) {
				t.Errorf("error has %d lines, want %d:\n%v", len(lines), len(test.want), err)
			}
		})
	}
}

func TestHelpAndVersionNeedNoOtherArguments(t *testing.T) {
	tests := []struct {
		name          string
		args          []string
		help, version bool
	}{
		{"--help", []string{"--help"}, true, false},
		{"-h", []string{"-h"}, true, false},
		{"-help", []string{"-help"}, true, false},
		{"--version", []string{"--version"}, false, true},
		{"-v", []string{"-v"}, false, true},
		{"with invalid arguments", []string{"--port", "x", "--help"}, true, false},
		{"with all other arguments", append(slices.Clone(own), echo, "--version"), false, true},
		{"both", []string{"-hv"}, true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := launch.Parse(test.args, files())
			if err != nil || got.Help != test.help || got.Version != test.version {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestParseChecksFilesInTheFileSystem(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "echo")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "folder.cfg")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	got, err := launch.Parse(slices.Concat(own, []string{file, folder, filepath.Join(dir, "none.cfg")}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.ConfigFile != file {
		t.Errorf("ConfigFile = %q, want the only existing file, %q", got.ConfigFile, file)
	}
}

func TestUsageExplainsFlagsAndExitCodes(t *testing.T) {
	var out strings.Builder
	if err := launch.Usage(&out, "the_backend"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Usage: the_backend --host", "--port", "--jid", "--config", "--SECTION.KEY=VALUE",
		"EINVAL", "ECONNREFUSED", "EPROTO", "ENOMEM", "ENOTRECOVERABLE", "by hand"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("usage lacks %q", want)
		}
	}
	for n, line := range strings.Split(out.String(), "\n") {
		if len(line) > 80 || strings.Contains(line, "%!") {
			t.Errorf("line %d is too wide for a terminal: %q", n+1, line)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(strings.Join(append(slices.Clone(own), "-n", echo), "\n"), true)
	f.Add("--host\n[::1]\n--port=1\n-ndjx\n--a.b\nc\n--\n-d", false)
	f.Add("--new\nvalue\n--host=a\n--config\n\n-", true)
	f.Add("--host=a\n--port=1\n--a.b\nc\n--\n", true)
	f.Add("-\x00\n--=\n--.\n---\n--help=", false)
	f.Fuzz(func(t *testing.T, text string, exist bool) {
		args := strings.Split(text, "\n")
		got, err := launch.Parse(args, func(string) bool { return exist })
		if got.Help || got.Version {
			if err != nil {
				t.Fatalf("%q: error although help is requested: %v", args, err)
			}
			return
		}
		var usage *launch.UsageError
		if err != nil {
			if !errors.As(err, &usage) || len(usage.Problems) == 0 {
				t.Fatalf("%q: error %#v", args, err)
			}
			return
		}
		if got.Host == "" || got.Port < 1 || got.Port > 65535 || got.ConfigFile == "" {
			t.Fatalf("%q: no error, but the result is %+v", args, got)
		}
		if !strings.Contains(text, got.ConfigFile) || !strings.Contains(text, got.JID) {
			t.Fatalf("%q: not from the arguments: %+v", args, got)
		}
		for _, o := range got.Overrides {
			if !strings.Contains(text, "--"+o.Key) || !strings.Contains(o.Key, ".") {
				t.Fatalf("%q: key not from the arguments: %+v", args, o)
			}
		}
	})
}
