package luabind

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/task"
)

func TestFailuresCountErrorsByPlace(t *testing.T) {
	known := &secret.Known{}
	known.Learn("alice@localhost", "hunter42")
	scheduler := task.New(task.Options{})
	defer scheduler.Close()
	h := &Host{opts: Options{Scheduler: scheduler, Secrets: known}}
	for range 3 {
		h.remember("on.login", "alice@localhost", nil, &ScriptError{Message: "irc.lua:7: refused hunter42", Traceback: "stack hunter42"})
	}
	h.remember("the task poll", "", errors.New(strings.Repeat("ä", maxFailText)), nil)
	all := h.Failures()
	if len(all) != 2 {
		t.Fatalf("%v", all)
	}
	if f := all[1]; f.What != "on.login" || f.At != "irc.lua:7" || f.Count != 3 || f.User != "alice@localhost" ||
		f.Message != "irc.lua:7: refused ***" || f.Traceback != "stack ***" || f.Last.Before(f.First) {
		t.Errorf("%+v", f)
	}
	if f := all[0]; f.What != "the task poll" || f.At != f.What || f.Count != 1 || f.User != "" || len(f.Message) > maxFailText+4 || !strings.HasSuffix(f.Message, "ä…") {
		t.Errorf("%+v", f)
	}
}

func TestFailuresForgetThePlaceThatFailedLongestAgo(t *testing.T) {
	var f failures
	now := time.Unix(0, 0)
	described := 0
	add := func(line int) {
		now = now.Add(failEvery / 4)
		f.add(now, "on.login", fmt.Sprint("a.lua:", line), func() (string, string, string) { described++; return "", "", "" })
	}
	for line := range maxFailures {
		add(line)
	}
	add(0)
	add(maxFailures)
	all := f.newest()
	if len(all) != maxFailures || all[0].At != fmt.Sprint("a.lua:", maxFailures) || all[1].At != "a.lua:0" || all[maxFailures-1].At != "a.lua:2" {
		t.Errorf("%d: %v", len(all), all)
	}
	described = 0
	for range 8 {
		add(0)
	}
	if described != 2 {
		t.Errorf("the texts changed %d times in two seconds", described)
	}
}
