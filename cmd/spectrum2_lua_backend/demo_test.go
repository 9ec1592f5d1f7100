package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
	"spectrumlua/pb"
)

// TestGuideShowsTheFramesOfTheDemo compares the excerpt of `make demo` in the guide with the
// frames of the same login and message. The time of a frame differs, and "…" is any text.
func TestGuideShowsTheFramesOfTheDemo(t *testing.T) {
	page, err := os.ReadFile("../../docs/guide/getting-started.md")
	if err != nil {
		t.Fatal(err)
	}
	config, err := filepath.Abs("../../examples/echo.cfg")
	if err != nil {
		t.Fatal(err)
	}
	frames := make(chan string, 100)
	spectrum := simtest.Listen(t, simulator.Options{Timeout: 30 * time.Second, Trace: func(f simulator.Frame) { frames <- simulator.Describe(f) }})
	p := execute(t, append([]string{"--service.working_dir=" + t.TempDir(), "--logging.backend_config="}, spectrum.Args(config)...)...)
	b := spectrum.Accept()
	b.Ping()
	u := b.Login("alice@localhost", "bob", "secret")
	u.Expect(pb.WrapperMessage_TYPE_BUDDY_CHANGED, nil)
	u.Say("echo", "Hello! Grüße 🌍")
	b.Expect(pb.WrapperMessage_TYPE_RAW_XML, nil)
	b.Exit()
	exitCode(t, p)
	var seen []string
	for len(frames) > 0 {
		seen = append(seen, <-frames)
	}
	shown := regexp.MustCompile(`(?m)^ +[\d.]+ ms  ([→←] .*)$`).FindAllStringSubmatch(string(page), -1)
	if len(shown) != 5 {
		t.Errorf("the guide shows %d frames", len(shown))
	}
	all := strings.Join(seen, "\n")
	for _, line := range shown {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(line[1]), "…", ".*")
		if !regexp.MustCompile("(?m)^" + pattern + "$").MatchString(all) {
			t.Errorf("the guide shows\n%s\nbut the frames are\n%s", line[1], all)
		}
	}
}
