package serve_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/internal/serve"
)

const neighbour = "neighbour.serve.test"

// TestTransportsThatExcludeEachOther starts and checks two configs that no process can run
// together.
func TestTransportsThatExcludeEachOther(t *testing.T) {
	for _, c := range []struct {
		name, jid string
		change    func(s, other *scene)
		want      string
	}{
		{"one file", neighbour, func(s, other *scene) { other.file = s.file }, "a.cfg is named twice"},
		{"one file with two names", neighbour, func(s, other *scene) {
			other.file = filepath.Join(other.dir, "b.cfg")
			if err := os.Symlink(s.file, other.file); err != nil {
				t.Fatal(err)
			}
		}, "b.cfg is named twice"},
		{"one JID", transport, func(s, other *scene) {
			other.replace("a.cfg", "jid=e", "jid=E")
			other.replace("a.cfg", "port="+other.port, "port=0"+s.port)
		}, "serve the same JID, E" + transport[1:]},
		{"one folder", neighbour, func(s, other *scene) {
			other.replace("a.cfg", "working_dir="+other.dir, "working_dir="+s.dir)
		}, "the same [service] working_dir, "},
		{"one folder with two names", neighbour, func(s, other *scene) {
			link := filepath.Join(other.dir, "link")
			if err := os.Symlink(s.dir, link); err != nil {
				t.Fatal(err)
			}
			other.replace("a.cfg", "working_dir="+other.dir, "working_dir="+link)
		}, "the same [service] working_dir, "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, other := newScene(t, transport, echo, ""), newScene(t, c.jid, echo, "")
			c.change(s, other)
			err := serve.Run(t.Context(), serve.Options{Files: []string{s.file, other.file}})
			if !errors.As(err, new(*serve.ConfigError)) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v", err)
			}
			if got := s.check(other.file); strings.Count(got, "FAIL") != 1 || !strings.Contains(got, c.want) {
				t.Errorf("the findings are:\n%s", got)
			}
		})
	}
}

// TestFolderOfARunningTransportIsInUse checks another transport in its folder. The rest of that
// one can be tested.
func TestFolderOfARunningTransportIsInUse(t *testing.T) {
	s, other := newScene(t, transport, echo, ""), newScene(t, neighbour, echo, "")
	other.replace("a.cfg", "working_dir="+other.dir, "working_dir="+s.dir)
	s.start()
	s.up()
	got := other.check()
	for _, want := range []string{"FAIL process: [service] working_dir " + s.dir + " is in use by spectrum2-lua serve for " + transport + ", pid ", "ok script", "ok server"} {
		if !strings.Contains(got, want) {
			t.Errorf("the findings lack %q:\n%s", want, got)
		}
	}
}
