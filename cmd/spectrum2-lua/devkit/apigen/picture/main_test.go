package main

import (
	"os"
	"strings"
	"testing"
)

func TestThePictureShowsWhatTheReadmesScriptDoes(t *testing.T) {
	readme, err := os.ReadFile("../../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile("../../../../../docs/chat.svg")
	if err != nil {
		t.Fatal(err)
	}
	if firstScript(string(readme)) == "" || !strings.Contains(string(readme), "docs/chat.svg") {
		t.Error("the README lacks its script or its picture")
	}
	for _, want := range []string{"$ spectrum2-lua chat echo.lua", "alice&gt; /login", "&lt;echo&gt; Hello!"} {
		if !strings.Contains(string(picture), want) {
			t.Errorf("the picture lacks %q: run make generate", want)
		}
	}
}

func TestLinesOfATranscriptAreEscapedAndHaveTheirSpeaker(t *testing.T) {
	got := string(draw([]string{"alice> /msg a <b>", "  * event", "  <echo> x & y"}))
	for _, want := range []string{
		`class="typed">alice&gt; /msg a &lt;b&gt;</text>`, `class="event">  * event</text>`, `class="contact">  &lt;echo&gt; x &amp; y</text>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the picture lacks %s:\n%s", want, got)
		}
	}
}
