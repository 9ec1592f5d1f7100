package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"spectrumlua/runtime/linger"
)

// clientTime is how long a client may take to receive or send the next piece.
const clientTime = 30 * time.Second

// lookupTime limits the search in the index.
const lookupTime = 10 * time.Second

// policy keeps what a browser shows from doing anything: no scripts, no forms, no other
// addresses, no frame around it.
const policy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"

// request is a request while it is answered.
type request struct {
	service *Service
	opened  *opened
	w       http.ResponseWriter
	r       *http.Request
	entry   entry
	peer    bool // another process has passed it on
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) { s.answer(w, r, false) }

func (s *Service) servePeer(w http.ResponseWriter, r *http.Request) { s.answer(w, r, true) }

// methods are what clients may do with a file.
const methods = "GET, HEAD, PUT, OPTIONS"

func (s *Service) answer(w http.ResponseWriter, r *http.Request, peer bool) {
	q := &request{service: s, w: &patient{ResponseWriter: w, control: http.NewResponseController(w)}, r: r, peer: peer}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex")
	// Web clients may use the files: anyone with the address may read it.
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", "Content-Type, Range")
	h.Set("Access-Control-Expose-Headers", "Content-Disposition, Content-Length, Content-Range")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut:
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", methods)
		q.fail(http.StatusMethodNotAllowed)
		return
	}
	q.find()
}

// find looks up the file and answers.
func (q *request) find() {
	s := q.service
	token := split(s.below(q.r.URL.Path))
	if token == "" {
		q.fail(http.StatusNotFound)
		return
	}
	o, err := s.use()
	if err != nil {
		q.fail(http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(q.r.Context(), lookupTime)
	e, found, err := o.index.find(ctx, token, s.clock.Now())
	cancel()
	q.opened, q.entry = o, e
	switch {
	case err != nil:
		s.log.WithField("error", err.Error()).Warn("the index of the files cannot be read")
		q.fail(http.StatusServiceUnavailable)
	case !found:
		q.fail(http.StatusNotFound)
	case q.r.Method == http.MethodPut:
		q.put()
	case e.State == stateReady:
		q.file()
	case e.State == stateFunction:
		q.function()
	default:
		q.fail(http.StatusNotFound)
	}
}

// below removes the path of public_url. A proxy in front may have removed it, too.
func (s *Service) below(path string) string {
	u, err := url.Parse(s.settings.PublicURL)
	if err != nil || u.Path == "" {
		return path
	}
	if rest, ok := strings.CutPrefix(path, u.Path+"/"); ok {
		return "/" + rest
	}
	return path
}

// fail answers with a status. Texts of errors are for the log.
func (q *request) fail(status int) {
	h := q.w.Header()
	for _, name := range []string{"Content-Disposition", "ETag", "Content-Length"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "10")
	}
	if status == http.StatusRequestTimeout {
		http.Error(q.w, http.StatusText(status), status)
		return
	}
	linger.Error(q.w, q.r, status, q.service.settings.MaxSize)
}

// describe sets the headers of a file.
func (q *request) describe() {
	e, h := q.entry, q.w.Header()
	served, inline := safeType(e.Type)
	kind := "attachment"
	if inline {
		kind = "inline"
	}
	h.Set("Content-Type", served)
	h.Set("Content-Disposition", disposition(kind, e.Name))
	h.Set("ETag", strconv.Quote(e.Token))
	left := e.Expires.Sub(q.service.clock.Now())
	h.Set("Cache-Control", fmt.Sprintf("private, max-age=%d, immutable", max(0, int(left.Seconds()))))
}

// file answers with a file of the folder.
func (q *request) file() {
	f, err := os.Open(q.opened.path(q.entry.Token))
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			q.service.log.WithField("error", err.Error()).Warn("a file cannot be read")
		}
		q.fail(http.StatusNotFound)
		return
	}
	defer f.Close()
	size := int64(-1)
	if i, err := f.Stat(); err == nil {
		size = i.Size()
	}
	q.describe()
	q.content(f, size)
}

// content answers with a content of a known size, or with parts of it.
func (q *request) content(content io.ReadSeeker, size int64) {
	h := q.r.Header
	if ranges := ranges(h.Get("Range")); q.r.Method == http.MethodGet && size != 0 && ranges != "" {
		h.Set("Range", ranges)
	} else {
		h.Del("Range")
	}
	http.ServeContent(q.w, q.r, "", q.entry.Created, content)
}

// nowhere is a range that no file has.
const nowhere = "9223372036854775807-"

// ranges returns a header Range as net/http needs it to follow RFC 9110, section 14: the case
// of the unit does not matter, and the last 0 bytes are a range that does not exist. It
// returns "" for other units, which a server must ignore.
func ranges(header string) string {
	unit, set, _ := strings.Cut(header, "=")
	if !strings.EqualFold(unit, "bytes") {
		return ""
	}
	all := strings.Split(set, ",")
	for i, one := range all {
		if last, ok := strings.CutPrefix(strings.TrimSpace(one), "-"); ok && last != "" && strings.Trim(last, "0") == "" {
			all[i] = nowhere
		}
	}
	return "bytes=" + strings.Join(all, ",")
}

// function answers with a file that a function makes.
func (q *request) function() {
	s, e := q.service, q.entry
	if e.Instance != q.opened.instance.id {
		if q.peer || !q.opened.instance.alive(e.Instance) {
			q.fail(http.StatusGone)
			return
		}
		q.opened.instance.proxy(e.Instance, q.w, q.r, s.log, q.fail)
		return
	}
	d := s.demands.get(e.Token)
	if d == nil {
		q.again()
		return
	}
	if q.r.Method == http.MethodHead { // this is not a reason to run it
		q.describe()
		if d.size >= 0 {
			q.w.Header().Set("Content-Length", strconv.FormatInt(d.size, 10))
		}
		return
	}
	w, err := d.join()
	switch {
	case errors.Is(err, errGone):
		q.again()
		return
	case errors.Is(err, errBusy):
		q.fail(http.StatusServiceUnavailable)
		return
	case err != nil:
		s.log.WithField("error", err.Error()).Warn("a file that a function makes cannot be stored")
		q.fail(status(err))
		return
	}
	defer w.leave()
	q.follow(w, d.size)
}

// again looks up a file once more: the function may just have become an ordinary file.
func (q *request) again() {
	ctx, cancel := context.WithTimeout(q.r.Context(), lookupTime)
	defer cancel()
	e, found, err := q.opened.index.find(ctx, q.entry.Token, q.service.clock.Now())
	if err != nil || !found || e.State != stateReady {
		q.fail(http.StatusGone)
		return
	}
	q.entry = e
	q.file()
}

// follow answers with a download, as it grows.
func (q *request) follow(w *download, size int64) {
	ctx := q.r.Context()
	written, done, err := w.wait(ctx, 0)
	if err != nil {
		q.fail(status(err))
		return
	}
	if done && err == nil {
		size = written
	}
	q.describe()
	f := &follower{ctx: ctx, w: w, size: size, flush: http.NewResponseController(q.w).Flush}
	if size >= 0 {
		q.content(f, size)
		return
	}
	q.w.Header().Set("Accept-Ranges", "none")
	if _, err := io.Copy(onlyWriter{q.w}, f); err != nil {
		panic(http.ErrAbortHandler) // the client has to notice that the file is incomplete
	}
}

// status returns the status for a function that has failed.
func status(err error) int {
	switch {
	case errors.Is(err, errStalled):
		return http.StatusGatewayTimeout
	case errors.Is(err, ErrQuota), errors.Is(err, ErrUserQuota), errors.Is(err, ErrFull):
		return http.StatusInsufficientStorage
	case errors.Is(err, errGone):
		return http.StatusGone
	}
	return http.StatusBadGateway
}

// onlyWriter hides the other methods of a ResponseWriter.
type onlyWriter struct{ io.Writer }

// patient is a ResponseWriter with a time limit for each piece. It has no ReadFrom, which
// would send a file in one piece.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(clientTime))
	return p.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
