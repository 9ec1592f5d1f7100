package logging

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

func TestTailReturnsTheNewestLines(t *testing.T) {
	tr := openWith(t, "")
	log := tr.Category("lua")
	for i := range TailLines + 3 {
		log.WithField("n", i).Info("line")
	}
	log.Debug("not logged")
	lines := tr.Tail(2)
	if len(lines) != 2 || lines[0].Text != fmt.Sprintf("line n=%d", TailLines+1) || lines[1].Text != fmt.Sprintf("line n=%d", TailLines+2) {
		t.Errorf("%v", lines)
	}
	if last := lines[1]; last.Level != "INFO" || last.Category != "lua" || last.Time.IsZero() {
		t.Errorf("%+v", last)
	}
	for wanted, got := range map[int]int{1 << 30: TailLines, TailLines: TailLines, 0: 0, -1: 0} {
		if lines := tr.Tail(wanted); len(lines) != got || got > 0 && lines[0].Text != "line n=3" {
			t.Errorf("Tail(%d) returns %d lines", wanted, len(lines))
		}
	}
}

func TestTailHidesSecretsAndLimitsTexts(t *testing.T) {
	tr := openLimited(t, "", Options{Hide: func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }})
	tr.WithField("password", "other").Error("with s3cret\n\x1b[31m" + strings.Repeat("ä", maxTailText))
	lines := tr.Tail(10)
	if len(lines) != 1 {
		t.Fatalf("%v", lines)
	}
	text := lines[0].Text
	if !strings.HasPrefix(text, "with *** password=***\n") || strings.Contains(text, "\x1b") || len(text) > maxTailText+4 || !strings.HasSuffix(text, "ä…") {
		t.Errorf("%.80q, %d bytes", text, len(text))
	}
}

func TestTailHasTheCountOfDroppedLines(t *testing.T) {
	limits := DefaultLimits()
	tr := openLimited(t, "", Options{Limits: &limits})
	for range 200 {
		tr.Warn("again")
	}
	tr.Flush()
	lines := tr.Tail(TailLines)
	if n := len(lines); n == 0 || n > 100 || !strings.HasPrefix(lines[n-1].Text, "similar lines are left out") {
		t.Errorf("%d lines: %v", n, lines)
	}
}

func BenchmarkTail(b *testing.B) {
	r := testRecord()
	r.fields = logrus.Fields{"user": "alice@example.net", "type": "conv_message"}
	kept := newTail(nil)
	b.ReportAllocs()
	for b.Loop() {
		kept.add(*r)
	}
}
