package main

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luadiff/compare"
)

type fake func(source string) compare.Result

func (f fake) Run(_ context.Context, sources []string) ([]compare.Result, error) {
	var results []compare.Result
	for _, s := range sources {
		results = append(results, f(s))
	}
	return results, nil
}

func TestSearchReportsTheSeedTheProgramAndBothOutputs(t *testing.T) {
	right := fake(func(string) compare.Result { return compare.Result{Lines: []string{"right"}} })
	wrong := fake(func(source string) compare.Result {
		if strings.Contains(source, "setmetatable") {
			return compare.Result{Lines: []string{"wrong"}}
		}
		return compare.Result{Lines: []string{"right"}}
	})
	pair := compare.Pair{Ours: wrong, Theirs: right}
	var out bytes.Buffer
	s := &search{options: options{programs: 500, seed: 9, workers: 2, reports: 1, tries: 300}, out: &out,
		plain: suite{pair, pair}, withGoto: suite{pair, pair}, kinds: map[string]int{}}
	if err := s.all(t.Context()); err != errEnough {
		t.Errorf("the search ends with %v", err)
	}
	for _, want := range []string{"another value", "wrong", "right", "-seed 9 -first ", "setmetatable"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
}

func TestSearchRunsEachProgramOnce(t *testing.T) {
	var ran atomic.Int64
	same := fake(func(string) compare.Result { ran.Add(1); return compare.Result{} })
	pair := compare.Pair{Ours: same, Theirs: same}
	s := &search{options: options{programs: 250, seed: 9, workers: 3, reports: 1}, out: &bytes.Buffer{},
		plain: suite{pair, pair}, withGoto: suite{pair, pair}, kinds: map[string]int{}}
	if err := s.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := ran.Load(); n != 500 {
		t.Errorf("%d programs ran, want 250 on each side", n)
	}
}

func TestRunFailsIfTheReferenceIsNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out bytes.Buffer
	if code := run(t.Context(), options{programs: 1}, &out); code != exitNoReference || !strings.Contains(out.String(), "DID NOT RUN") {
		t.Errorf("exit code %d:\n%s", code, out.String())
	}
}
