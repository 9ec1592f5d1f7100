package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplayExitCodes distinguishes a difference (1) from a record that cannot be compared (2).
func TestReplayExitCodes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	record := write("r.jsonl", `{"record":1,"part":1}
{"t":0,"dir":"in","type":"login","fields":{"user":"a@localhost","legacy_name":"a","password":""}}
{"t":0,"dir":"out","type":"connected","fields":{"user":"a@localhost"}}
{"t":1,"dir":"in","type":"exit"}
`)
	same := write("same.lua", "return {}")
	silent := write("silent.lua", "return { login = function() end }")
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"as recorded", []string{record, same}, 0},
		{"otherwise", []string{record, silent, "--timeout", "10ms"}, 1},
		{"the file is not a record", []string{same, same}, 2},
		{"the script does not exist", []string{record, filepath.Join(dir, "none.lua")}, 2},
		{"an unknown flag", []string{record, same, "--fast"}, 2},
	} {
		var out, problems strings.Builder
		if code := run(t.Context(), append([]string{"replay"}, c.args...), &out, &problems); code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", c.name, code, c.code, &out, &problems)
		}
	}
}
