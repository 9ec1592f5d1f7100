package harness_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/pb"
)

func TestEvalEndsWithItsContextAndWithTheSession(t *testing.T) {
	dir := folder(t, map[string]string{"answers.lua": answers})
	s := open(t, harness.Options{Path: filepath.Join(dir, "answers.lua")})
	login(t, s)

	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := s.Eval(ctx, alice, `spectrum.send("query", { config = "waits" }) spectrum.sleep(1e6)`)
		ended <- err
	}()
	waits := func() {
		t.Helper()
		if _, err := s.Spectrum.Expect(t.Context(), pb.WrapperMessage_TYPE_QUERY, nil); err != nil {
			t.Fatal(err)
		}
	}
	waits()
	cancel(errors.New("enough"))
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("Eval returns %v after its context has ended", err)
	}

	go func() {
		_, err := s.Eval(t.Context(), alice, `spectrum.send("query", { config = "waits" }) spectrum.sleep(1e6)`)
		ended <- err
	}()
	waits()
	if err := s.Spectrum.Logout(alice, "alice"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("Eval returns no error after the session has ended")
	}
	results, err := s.Eval(t.Context(), alice, `session, 1`)
	if err != nil || strings.Join(results, " ") != "nil 1" {
		t.Errorf("after the logout Eval returns %q, %v", results, err)
	}
}

// TestEvalUsesTheNewScriptAfterAReload also limits what Eval returns.
func TestEvalUsesTheNewScriptAfterAReload(t *testing.T) {
	dir := folder(t, map[string]string{"a.lua": "generation = (generation or 0) + 1\nreturn {}"})
	s := open(t, harness.Options{Path: filepath.Join(dir, "a.lua")})
	for _, text := range []string{"mark = 5", "mark"} {
		if _, err := s.Eval(t.Context(), alice, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"mark, generation":              "nil 1",
		`("x"):rep(5000)`:               strings.Repeat("x", 4096) + "… (5000 bytes)",
		`select(2, unpack({}, 1, 200))`: strings.Repeat("nil ", 100) + "… (99 more)",
	} {
		results, err := s.Eval(t.Context(), alice, text)
		if got := strings.Join(results, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
}
