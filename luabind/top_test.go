package luabind_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/task"
)

const waitingScript = `local spectrum = require "spectrum"
local on = {}
local forever = 1e6
local never = spectrum.channel()
local function pause() spectrum.sleep(forever) end
function on.login(session)
  session:spawn("plain", function() spectrum.sleep(forever) end)
  session:spawn(function() pause() end)
  session:spawn("pcall", function() pcall(spectrum.sleep, forever) end)
  session:spawn("deep", function()
    pcall(function()
      pcall(pause)
    end)
  end)
  session:spawn("coroutine", function()
    local co = coroutine.wrap(function() never:receive() end)
    co()
  end)
  session:spawn("sort", function()
    table.sort({ 1, 2, 3 }, function(a, b)
      never:receive()
      return a < b
    end)
  end)
  session:spawn("tail", function() return spectrum.sleep(forever) end)
  session:after("later", 0.001, function()
    session:connected() session:buddy_changed { buddy_name = "timer" }
    pause()
  end)
  spectrum.spawn("process", pause)
  session:spawn(function() end)
end
function on.conv_message(session, m) session:buddy_changed { buddy_name = "b" } never:receive() end
return on
`

// tasksOf returns the rows of Tasks as texts, sorted.
func tasksOf(t *testing.T, st *luatest.Fixture, limit int, filter string) (lines []string, total int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	rows, total, ok := st.Host.Tasks(ctx, limit, filter)
	if !ok {
		t.Fatal("the script lock is not free")
	}
	for _, r := range rows {
		lines = append(lines, strings.Join([]string{r.User, r.Name, r.Waits, r.Place}, "|"))
	}
	slices.Sort(lines)
	return lines, total
}

func TestTasksNameTheLineThatWaits(t *testing.T) {
	st := luatest.Start(t, waitingScript)
	st.Login(alice)
	st.Expect("connected", nil)
	st.Say(alice, "b", "hello")
	st.Expect("buddy_changed", nil) // from the handler and from the timer
	st.Expect("buddy_changed", nil)
	want := []string{
		"alice@localhost|on.conv_message|receive|script.lua:33",
		"alice@localhost|task coroutine (script.lua:15)|receive|script.lua:16",
		"alice@localhost|task deep (script.lua:10)|sleep|script.lua:5",
		"alice@localhost|task pcall (script.lua:9)|pcall|script.lua:9",
		"alice@localhost|task plain (script.lua:7)|sleep|script.lua:7",
		"alice@localhost|task script.lua:8|sleep|script.lua:5",
		"alice@localhost|task sort (script.lua:19)|receive|script.lua:21",
		"alice@localhost|task tail (script.lua:25)|sleep|script.lua:25",
		"alice@localhost|timer later (script.lua:26)|sleep|script.lua:5",
		"|task process (script.lua:5)|sleep|script.lua:5",
	}
	slices.Sort(want)
	got, _ := tasksOf(t, st, 100, "")
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got, total := tasksOf(t, st, 3, ""); len(got) != 3 || total != len(want) {
		t.Errorf("with a limit of 3: %d of %d", len(got), total)
	}
	if got, total := tasksOf(t, st, 100, "bob"); len(got) != 0 || total != 0 {
		t.Errorf("of bob: %q", got)
	}
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	got, _ = tasksOf(t, st, 100, "alice")
	if len(got) != len(want)-1 || !strings.Contains(got[0], "on.conv_message (generation 1)") {
		t.Errorf("after a reload: %q", got)
	}
}

func TestTasksGiveUpWhileTheScriptComputes(t *testing.T) {
	st := luatest.Start(t, `local on = {}
function on.login(session) session:connected() end
return on`)
	hold, held := make(chan struct{}), make(chan struct{})
	st.Host.Sessions().Process().Spawn("", func(*task.Task) { close(held); <-hold })
	<-held
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for range 2 { // the second call does not wait behind the first one
		if _, _, ok := st.Host.Tasks(ctx, 1, ""); ok {
			t.Error("Tasks does not need the script lock")
		}
	}
	close(hold)
}

// TestProfileSamplesTheStack takes a profile while a script computes until the profile has
// its samples.
func TestProfileSamplesTheStack(t *testing.T) {
	st := luatest.Start(t, `local spectrum = require "spectrum"
local on = {}
local text = string.rep("ab", 50000)
local function inner()
  for i = 1, 20000 do end
  return (text:gsub("a", "b"))
end
local function work()
  local ok = pcall(function()
    inner()
  end)
  return ok
end
function on.login(session)
  session:spawn("worker", function()
    while true do
      local co = coroutine.wrap(work)
      co()
      spectrum.sleep(0.0001)
    end
  end)
end
return on`)
	st.Login(alice)
	var all []string
	for range 60 {
		p, err := st.Host.Profile(t.Context(), 500*time.Millisecond, admin.MaxProfileRate)
		if err != nil {
			t.Fatal(err)
		}
		if p.Ticks < 1 || p.Seconds < 0.5 || p.Rate != admin.MaxProfileRate {
			t.Errorf("%d ticks in %v s", p.Ticks, p.Seconds)
		}
		for _, s := range p.Samples {
			var frames []string
			for _, n := range s.Stack {
				place := p.Places[n]
				frames = append(frames, fmt.Sprintf("%s %s:%d:%d", place.Function, place.File, place.Start, place.Line))
			}
			all = append(all, s.User+"; "+s.Handler+"; "+strings.Join(frames, " < "))
		}
		const path = ` < .*script\.lua:9:10 < .*pcall.* < .*script\.lua:8:9 < .*script\.lua:15:18$`
		const owner = `^alice@localhost; task worker \(script\.lua:15\); `
		loop := slices.ContainsFunc(all, regexp.MustCompile(owner+`inner script\.lua:4:5`+path).MatchString)
		gsub := slices.ContainsFunc(all, regexp.MustCompile(owner+`inner script\.lua:4:6`+path).MatchString)
		if loop && gsub {
			return
		}
	}
	t.Errorf("samples of the loop or of gsub are missing:\n%s", strings.Join(all, "\n"))
}

func TestOneProfileAtATime(t *testing.T) {
	st := luatest.Start(t, "return {}")
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 2)
	profile := func() {
		_, err := st.Host.Profile(ctx, time.Hour, 1)
		first <- err
	}
	go profile()
	go profile()
	if err := <-first; err != luabind.ErrProfiling {
		t.Errorf("the second profile: %v", err)
	}
	cancel()
	if err := <-first; err != context.Canceled {
		t.Errorf("a cancelled profile: %v", err)
	}
}
