package backend

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"runtime/pprof"
	"time"

	"spectrumlua/luabind"
	"spectrumlua/runtime/admin"
)

// answerTime is how long the answer after a profile may take.
const answerTime = 30 * time.Second

// patient lets the handling of a request take d longer than requests usually do.
func patient(w http.ResponseWriter, d time.Duration) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // it would end the context of the request
	_ = control.SetWriteDeadline(time.Now().Add(d + answerTime))
}

// seconds returns the duration of a profile.
func seconds(r *admin.Request) (time.Duration, error) {
	n, err := number(r.URL.Query(), "seconds", 10, 1, admin.MaxProfileSeconds)
	return time.Duration(n) * time.Second, err
}

// adminProfile takes a profile of the script.
func (b *Backend) adminProfile(w http.ResponseWriter, r *admin.Request) error {
	d, err := seconds(r)
	if err != nil {
		return err
	}
	rate, err := number(r.URL.Query(), "rate", admin.DefaultProfileRate, 1, admin.MaxProfileRate)
	if err != nil {
		return err
	}
	patient(w, d)
	b.log.WithField("by", r.Who).WithField("seconds", d.Seconds()).Info("taking a profile of the script for an admin")
	p, err := b.host.Profile(r.Context(), d, rate)
	switch {
	case errors.Is(err, luabind.ErrProfiling):
		return &admin.Error{Status: http.StatusConflict, Text: err.Error()}
	case err != nil:
		return err
	}
	p.PID, p.JID = os.Getpid(), b.opts.Config.JID()
	return admin.WriteJSON(w, p)
}

// goProfiles take the profiles of Go.
var goProfiles = map[string]func(ctx context.Context, into *bytes.Buffer, d time.Duration) error{
	"cpu": func(ctx context.Context, into *bytes.Buffer, d time.Duration) error {
		if err := pprof.StartCPUProfile(into); err != nil {
			return &admin.Error{Status: http.StatusConflict, Text: luabind.ErrProfiling.Error()}
		}
		defer pprof.StopCPUProfile()
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	},
	"heap":      lookup("heap"),
	"goroutine": lookup("goroutine"),
}

// lookup returns a function that writes a profile of the moment.
func lookup(name string) func(ctx context.Context, into *bytes.Buffer, d time.Duration) error {
	return func(_ context.Context, into *bytes.Buffer, _ time.Duration) error {
		return pprof.Lookup(name).WriteTo(into, 0)
	}
}

// adminGoProfile takes a profile of the program, in pprof's format.
func (b *Backend) adminGoProfile(w http.ResponseWriter, r *admin.Request) error {
	take := goProfiles[r.PathValue("kind")]
	if take == nil {
		return badRequest("%q is not a profile: cpu, heap or goroutine expected", r.PathValue("kind"))
	}
	d, err := seconds(r)
	if err != nil {
		return err
	}
	patient(w, d)
	b.log.WithField("by", r.Who).Info("taking a profile of the program for an admin")
	var profile bytes.Buffer
	if err := take(r.Context(), &profile, d); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, err = w.Write(profile.Bytes())
	return err
}
