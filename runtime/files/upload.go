package files

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// Limits of uploads.
const (
	maxSlots   = 100             // of a user, that wait for their upload
	slotTime   = 5 * time.Minute // until the upload has to begin
	uploadTime = time.Hour       // of an upload
)

// Slot is the permission to upload a file once.
type Slot struct {
	Put, Get string
}

// RetryAfter is how long a client has to wait until another slot is free.
const RetryAfter = slotTime

// AddSlot lets a user upload a file of exactly this size, within five minutes.
func (s *Service) AddSlot(ctx context.Context, m Meta) (Slot, error) {
	o, base, err := s.begin(m)
	if err != nil {
		return Slot{}, err
	}
	e := s.newEntry(m, nil, stateSlot, o)
	e.Instance, e.Expires = "", e.Created.Add(slotTime)
	if err := o.index.add(ctx, e, s.limits()); err != nil {
		return Slot{}, plain(err)
	}
	url := address(base, e.Token, e.Name)
	return Slot{Put: url, Get: url}, nil
}

// put receives an upload. A slot is used up when the upload has succeeded.
func (q *request) put() {
	e := q.entry
	switch {
	case e.State != stateSlot:
		q.fail(http.StatusConflict)
		return
	case q.r.ContentLength > e.Size:
		q.fail(http.StatusRequestEntityTooLarge)
		return
	case q.r.ContentLength >= 0 && q.r.ContentLength != e.Size:
		q.fail(http.StatusBadRequest)
		return
	}
	s := q.service
	// What happens to the slot does not depend on the client.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.r.Context()), uploadTime+cleanTime)
	defer cancel()
	old, ok, err := q.opened.index.update(ctx, e.Token, stateSlot, s.clock.Now(), s.limits(), func(e *entry) {
		e.State, e.Instance, e.Expires = stateWriting, q.opened.instance.id, e.Expires.Add(uploadTime)
	})
	if err != nil || !ok {
		q.refuse(err)
		return
	}
	control := http.NewResponseController(q.w)
	_ = control.SetWriteDeadline(time.Now().Add(uploadTime + clientTime))
	body := &patientReader{r: q.r.Body, control: control, end: time.Now().Add(uploadTime)}
	err = q.opened.write(e.Token, body, e.Size)
	if err == nil {
		err = s.finish(ctx, q.opened, e.Token, stateWriting, s.clock.Now().Add(s.settings.Expire))
	}
	if err != nil {
		_ = os.Remove(q.opened.path(e.Token))
		_, _, again := q.opened.index.update(ctx, e.Token, stateWriting, s.clock.Now(), s.limits(), func(e *entry) {
			e.State, e.Instance, e.Expires = stateSlot, "", old.Expires
		})
		q.refuse(errors.Join(err, again))
		return
	}
	q.w.WriteHeader(http.StatusCreated)
}

// refuse answers an upload that failed.
func (q *request) refuse(err error) {
	q.w.Header().Set("Connection", "close") // the rest of the body is not read
	switch {
	case err == nil:
		q.fail(http.StatusConflict) // another upload was first
	case full(err):
		q.service.log.WithField("error", err.Error()).Error("an upload failed: the disk is full")
		q.fail(http.StatusInsufficientStorage)
	case errors.Is(err, os.ErrDeadlineExceeded):
		q.fail(http.StatusRequestTimeout)
	default:
		q.fail(http.StatusBadRequest)
	}
}

// patientReader reads a body with a time limit for each piece, and one for all.
type patientReader struct {
	r       io.Reader
	control *http.ResponseController
	end     time.Time
}

func (p *patientReader) Read(b []byte) (int, error) {
	deadline := time.Now().Add(clientTime)
	if p.end.Before(deadline) {
		deadline = p.end
	}
	_ = p.control.SetReadDeadline(deadline)
	return p.r.Read(b)
}
