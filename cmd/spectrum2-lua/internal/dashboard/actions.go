package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
)

// actTime limits an action. It is shorter than answerTime, so that the page has the error.
const actTime = answerTime - 10*time.Second

// action changes a process. It returns what it has done.
type action func(ctx context.Context, r *http.Request, b live.Backend) (string, error)

// act returns the handler of a button.
func (d *Dashboard) act(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "The form cannot be read.", http.StatusBadRequest)
			return
		}
		if !equal(r.PostForm.Get("form"), d.form) {
			http.Error(w, "The form is not from this page. Load the page again.", http.StatusForbidden)
			return
		}
		file := r.PostForm.Get("file")
		if !slices.Contains(d.opts.Files, file) {
			http.Error(w, "The dashboard does not show this transport.", http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), actTime)
		defer cancel()
		text, err := apply(ctx, r, file, do)
		done := event{At: time.Now(), Text: text}
		if err != nil {
			done.Text, done.Wrong = err.Error(), true
		}
		d.mu.Lock()
		d.state.note(done)
		d.wake()
		d.mu.Unlock()
		select {
		case d.again <- struct{}{}:
		default:
		}
		if r.Header.Get("Accept") == "application/json" {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"text": done.Text, "wrong": done.Wrong})
			return
		}
		redirect(w, d.opts.Public.path+"/#activity")
	}
}

// apply calls an action for all processes of a transport.
func apply(ctx context.Context, r *http.Request, file string, do action) (string, error) {
	all, err := live.Of(file, 0)
	if err != nil {
		return "", err
	}
	defer live.Close(all)
	texts := make([]string, len(all))
	var errs []error
	for i, err := range live.Each(ctx, all, func(ctx context.Context, i int, b live.Backend) (err error) {
		texts[i], err = do(ctx, r, b)
		return err
	}) {
		who := fmt.Sprintf("process %d of %s: ", all[i].Socket().PID, all[i].JID)
		texts[i] = who + texts[i]
		if err != nil {
			errs = append(errs, fmt.Errorf("%s%w", who, err))
		}
	}
	return strings.Join(texts, "; "), errors.Join(errs...)
}

// reload reloads the script.
func reload(ctx context.Context, _ *http.Request, b live.Backend) (string, error) {
	var p admin.Process
	err := b.Post(ctx, "/reload", nil, &p)
	return fmt.Sprintf("%s is generation %d", filepath.Base(p.Script), p.Generation), err
}

// setLevel changes the level of the log.
func setLevel(ctx context.Context, r *http.Request, b live.Backend) (string, error) {
	level := r.PostForm.Get("level")
	return "the log level is " + level, b.Post(ctx, "/log/level", admin.LogLevel{Level: level}, nil)
}

// levels are the choices for the log level.
func levels() []string { return append([]string{admin.ConfigLevel}, logging.LevelNames...) }
