package luabind_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind"
	"spectrumlua/runtime/task"
)

// TestTextsOfAllFilesArePassedOnAfterEachLoad has a load that fails between two others.
func TestTextsOfAllFilesArePassedOnAfterEachLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, settings := configIn(t, dir)
	logger := logrus.New()
	logger.SetLevel(logrus.PanicLevel)
	scheduler := task.New(task.Options{Run: settings.HandlerTimeout})
	t.Cleanup(scheduler.Close)
	var passed [][]string
	host := luabind.New(t.Context(), luabind.Options{
		Config: cfg, Settings: settings, Scheduler: scheduler, Link: &echoes{}, Log: logger,
		Loaded: func(texts []string) {
			slices.Sort(texts)
			passed = append(passed, texts)
		},
	})
	t.Cleanup(func() { exit(host) })
	const first, second = `require "part" require "part" return {}`, "return {}"
	write("part.lua", "return 1")
	for _, script := range []string{first, "return {", second} {
		write("script.lua", script)
		_ = host.Load() // the second one fails
	}
	want := [][]string{{first, "return 1"}, {second}}
	if !slices.EqualFunc(passed, want, slices.Equal) {
		t.Errorf("%q, want %q", passed, want)
	}
}
