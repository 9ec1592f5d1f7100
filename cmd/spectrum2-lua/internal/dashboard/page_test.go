package dashboard

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
)

const hostile = `"><script>alert(1)</script>&'{{.}}` + "\n" + `</pre>`

// TestHostileTextsAreEscaped shows texts that a network, a user or a config may contain.
func TestHostileTextsAreEscaped(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	now := time.Now()
	a.change(func(a *backend) {
		a.process.Error, a.process.Script, a.process.Version, a.process.LogLevel = hostile, hostile, hostile, hostile
		a.process.JID = "a" + hostile
		a.failures = []admin.Failure{{What: hostile, At: hostile, Count: 1, Last: now, User: hostile, Message: hostile, Traceback: hostile}}
		a.lines = []logging.Line{{Time: now, Level: hostile, Category: hostile, Text: hostile}}
		a.metrics = histogram(`x<script>`, 1, 1, 1)
	})
	b := open(t, Options{}, a)
	b.sample(t.Context())
	a.change(func(a *backend) { a.metrics = histogram(`x<script>`, 2, 2, 2) })
	page := b.enter()
	expect(t, page, "!<script>", "!</pre>&", "&lt;script&gt;", "x&lt;script&gt;")
	if n := strings.Count(page, "<script"); n != 1 { // its own, in the head
		t.Errorf("%d scripts:\n%s", n, page)
	}
	if parts, err := b.parts(); err != nil || strings.Contains(fmt.Sprint(parts), "<script") {
		t.Errorf("%v: %v", err, parts)
	}
}

// TestPageIsWellFormed parses the page, so that no element is left open.
func TestPageIsWellFormed(t *testing.T) {
	a, c := newBackend(t, "a.localhost", true), newBackend(t, "c.localhost", false)
	a.change(func(a *backend) { a.failures = []admin.Failure{{At: "a.lua:1", Message: "x", Traceback: "y"}} })
	b := open(t, Options{}, a, c)
	page := b.enter()
	d := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`( (?:disabled|selected|defer))([ >])`).ReplaceAllString(page, `$1=""$2`)))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	ids := map[string]bool{}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, page)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, attribute := range start.Attr {
			switch attribute.Name.Local {
			case "id":
				if ids[attribute.Value] {
					t.Errorf("the id %q occurs twice", attribute.Value)
				}
				ids[attribute.Value] = true
			case "style", "onclick":
				t.Errorf("the policy forbids %s in %s", attribute.Name.Local, start.Name.Local)
			}
		}
	}
	for _, match := range regexp.MustCompile(`(?:href="#|aria-labelledby="|for=")([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !ids[match[1]] {
			t.Errorf("there is no id %q", match[1])
		}
	}
	for _, name := range partNames {
		if !ids[name] {
			t.Errorf("there is no element for the part %q", name)
		}
	}
	expect(t, page, `lang="en"`, "<noscript>", "Skip to the content", "c.localhost")
}

func TestPageShowsProcessesErrorsAndTheLog(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	now := time.Now()
	a.change(func(a *backend) {
		a.process.Users, a.process.Memory, a.process.Errors, a.process.LogLevel = 42, 64<<20, 7, "debug"
		a.process.Started = now.Add(-3 * time.Hour)
		a.failures = []admin.Failure{{What: "on.conv_message", At: "a.lua:12", Count: 7, Last: now, User: "alice@localhost", Message: "a.lua:12: broken"}}
		a.lines = []logging.Line{
			{Time: now.Add(-time.Second), Level: "INFO", Category: "lua", Text: "the first line"},
			{Time: now, Level: "WARN", Category: "link", Text: "the second line"},
		}
		a.metrics = histogram("conv_message", 0, 0, 0)
	})
	b := open(t, Options{}, a)
	b.viewed = time.Now() // the page needs no sample of its own
	b.sample(t.Context())
	a.change(func(a *backend) {
		a.process.Received += 1000
		a.metrics = histogram("conv_message", 9, 10, 0.05)
	})
	b.sample(t.Context())
	page := b.enter()
	expect(t, page, "42", "64 MiB", "3 h", "log: debug", "a.lua:12", "a.lua:12: broken", "7 ×", "alice@localhost", "5 ms", "≤ 100 ms",
		`<li class="warn">`, "Users (logged in) in the last hour. a.localhost: now 42, highest 42", "spectrum2-lua")
	if strings.Index(page, "the second line") > strings.Index(page, "the first line") {
		t.Error("the log does not begin with its newest line")
	}
	if p := b.state.processes[0]; !(p.rate > 0) || p.latency != 0.005 {
		t.Errorf("%v messages/s, %v s", p.rate, p.latency)
	}
}

func TestErrorsAndLogAreOnlyAskedForWhileSomebodyLooks(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	b := open(t, Options{}, a)
	b.sample(t.Context())
	if a.count("GET /process") != 1 || a.count("GET /errors") != 0 || a.count("GET /log") != 0 {
		t.Errorf("%v", a.asked)
	}
	b.enter()
	b.sample(t.Context())
	if a.count("GET /errors") != 2 || a.count("GET /log") != 2 {
		t.Errorf("%v", a.asked)
	}
}

func TestProcessesThatStartFailAndEndAreNoted(t *testing.T) {
	a := newBackend(t, "a.localhost", false)
	b := open(t, Options{}, a)
	expect(t, b.enter(), "No process runs", "disabled")
	a.start()
	b.sample(t.Context())
	a.change(func(a *backend) { a.process.Generation = 2 })
	b.sample(t.Context())
	a.change(func(a *backend) { a.process.Error = "a.lua:3: oops" })
	b.sample(t.Context())
	_, page := b.get("/")
	expect(t, page, "of a.localhost runs", "a.lua is generation 2", "cannot load the script: a.lua:3: oops", "1 with a problem", "!No process runs", "!disabled")
	a.server.Close()
	b.sample(t.Context())
	_, page = b.get("/")
	expect(t, page, "of a.localhost has ended", "No process runs", `now 0`)
}

func TestConfigThatCannotBeReadIsShown(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	b := open(t, Options{Files: []string{"/missing/x.cfg"}}, a)
	expect(t, b.enter(), "/missing/x.cfg", "does not exist", "a.localhost")
}

func TestButtonsChangeTheProcesses(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	b := open(t, Options{}, a)
	b.enter()
	form := func(level string) url.Values { return url.Values{"form": {b.form}, "file": {a.file}, "level": {level}} }
	status, page := b.press("/reload", form(""), "Origin", b.server.URL)
	if status != http.StatusOK { // after the redirect to the page
		t.Errorf("%d", status)
	}
	expect(t, page, "of a.localhost: a.lua is generation 2")
	_, page = b.press("/log-level", form("debug"))
	expect(t, page, "the log level is debug")
	_, answer := b.press("/log-level", form(admin.ConfigLevel), "Accept", "application/json")
	expect(t, answer, `"text":"process `, "the log level is config", `"wrong":false`)
	a.change(func(a *backend) { a.broken = "a.lua:3: oops" })
	_, answer = b.press("/reload", form(""), "Accept", "application/json")
	expect(t, answer, "a.lua:3: oops", `"wrong":true`)
	a.server.Close()
	_, answer = b.press("/reload", form(""), "Accept", "application/json")
	expect(t, answer, "no process of a.localhost runs", `"wrong":true`)
	if got := strings.Join(a.levels, ","); got != "debug,config" {
		t.Errorf("%q", got)
	}
	for range 2 * maxEvents {
		b.press("/reload", form(""), "Accept", "application/json")
	}
	if n := len(b.state.activity); n != maxEvents {
		t.Errorf("%d events", n)
	}
}

// TestManyProcessesAreShownBriefly makes the answers, because one process has one socket.
func TestManyProcessesAreShownBriefly(t *testing.T) {
	b := open(t, Options{})
	var all []process
	for i := range 500 {
		p := process{Process: admin.Process{JID: fmt.Sprintf("t%d.localhost", i%40), PID: i, Users: 10000, Version: "1", Started: time.Unix(0, 0)}}
		for line := range logLines {
			p.lines = append(p.lines, logging.Line{Text: strings.Repeat("x", 1000), Time: time.Unix(int64(line), 0)})
			p.failures = append(p.failures, admin.Failure{At: fmt.Sprint(line)})
		}
		all = append(all, p)
	}
	b.viewed = time.Now()
	b.state.add(time.Now(), all, nil)
	page := b.enter()
	expect(t, page, "5,000,000", "300 more processes run", others)
	if n := len(page); n > 400<<10 {
		t.Errorf("the page has %d bytes", n)
	}
}

func TestRunServesUntilItsContextEnds(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	d := New(Options{Files: []string{a.file}, Every: time.Millisecond})
	l, err := d.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx, l) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + l.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = text(t, res)
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("%d", res.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
