package files

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
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

// AddSlot lets a user upload a file of exactly this size and, unless the client does not say
// it, of this type, within five minutes.
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
	case q.r.Header.Get("If-Match") != "": // there is no file yet
		q.fail(http.StatusPreconditionFailed)
		return
	case q.r.Header.Get("Content-Range") != "": // a part of a file (RFC 9110, section 9.3.4)
		q.fail(http.StatusBadRequest)
		return
	case q.r.ContentLength > e.Size:
		q.fail(http.StatusRequestEntityTooLarge)
		return
	case q.r.ContentLength >= 0 && q.r.ContentLength != e.Size:
		q.fail(http.StatusBadRequest)
		return
	case !sameType(e.Type, q.r.Header.Get("Content-Type")), q.r.Header.Get("Content-Encoding") != "": // which nobody would undo
		q.fail(http.StatusUnsupportedMediaType)
		return
	}
	s := q.service
	// What happens to the slot does not depend on the client.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.r.Context()), uploadTime+cleanTime)
	defer cancel()
	old, ok, err := q.opened.index.update(ctx, e.Token, stateSlot, s.clock.Now(), s.limits(), func(e *entry) {
		e.State, e.Instance, e.Expires = stateWriting, q.opened.instance.id, e.Expires.Add(uploadTime)
		e.Type = cmp.Or(e.Type, DetectType(e.Name, nil))
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
			e.State, e.Instance, e.Expires, e.Type = stateSlot, "", old.Expires, old.Type
		})
		q.refuse(errors.Join(err, again))
		return
	}
	q.w.WriteHeader(http.StatusCreated)
}

// sameType reports whether an upload has the media type that was announced for it (XEP-0363,
// section 6). Clients may omit either. Parameters do not count: libraries for HTTP add them.
func sameType(announced, sent string) bool {
	if announced == "" || sent == "" {
		return true
	}
	want, _, _ := strings.Cut(announced, ";")
	got, _, _ := strings.Cut(sent, ";")
	return strings.EqualFold(strings.TrimSpace(want), strings.TrimSpace(got))
}

// refuse answers an upload that failed.
func (q *request) refuse(err error) {
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
