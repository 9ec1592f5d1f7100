package chat_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/chat"
	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "update the transcripts in testdata")

// fingerprint matches the part of a transcript that changes with each edit of a script.
var fingerprint = regexp.MustCompile(`sha256 [0-9a-f]{12}`)

// play runs a list of commands and returns the transcript.
func play(t *testing.T, path, commands string) (transcript string, err error) {
	t.Helper()
	var out strings.Builder
	err = chat.New(chat.Options{
		Stage:   harness.Options{Path: path, Companion: true, Reload: true},
		Console: chat.NewTranscript(strings.NewReader(commands), &out),
		Script:  true,
	}).Run(context.Background())
	return fingerprint.ReplaceAllString(out.String(), "sha256 …"), err
}

// TestTranscripts plays each file of testdata. Its parts are commands, transcript,
// error (optional) and script. The script is a path from this folder, or the text of
// NAME.lua.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 5 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { playFile(t, file) })
	}
}

func playFile(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, parts := "", map[string]string{}
	for _, f := range archive.Files {
		parts[f.Name] = string(f.Data)
		if f.Name == "path" {
			path = strings.TrimSpace(string(f.Data))
		}
		if harness.IsScript(f.Name) {
			if path == "" {
				path = filepath.Join(dir, f.Name)
			}
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := play(t, path, parts["commands"])
	trouble := ""
	if err != nil {
		trouble = err.Error() + "\n"
	}
	if *update {
		for i, f := range archive.Files {
			switch f.Name {
			case "transcript":
				archive.Files[i].Data = []byte(got)
			case "error":
				archive.Files[i].Data = []byte(trouble)
			}
		}
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != parts["transcript"] {
		t.Errorf("the transcript is\n%s\nwhich differs by\n%s", got, diff.Diff("want", []byte(parts["transcript"]), "got", []byte(got)))
	}
	if trouble != parts["error"] {
		t.Errorf("the error is %q, want %q", trouble, parts["error"])
	}
}
