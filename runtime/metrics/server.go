package metrics

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/sirupsen/logrus"
	"golang.org/x/net/netutil"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/logging"
)

// Limits of a Server.
const (
	maxConnections = 32
	maxHeader      = 16 << 10               // bytes
	headerTime     = 10 * time.Second       // for a request
	writeTime      = 30 * time.Second       // for an answer
	idleTime       = 2 * time.Minute        // between two scrapes
	closeTime      = 200 * time.Millisecond // for the scrapes that run at the end
	failedEvery    = time.Minute            // how often the log repeats an error
)

// Path is the only path of a Server.
const Path = "/metrics"

// Server answers the scrapes of Prometheus.
type Server struct {
	http   *http.Server
	ln     net.Listener
	ended  chan struct{}
	gather Gather
	log    logrus.FieldLogger
	failed logging.Once
	turn   chan struct{} // holds a token unless a scrape collects
}

// Listen starts a server on an address, which is host:port.
func Listen(address string, gather Gather, log logrus.FieldLogger) (*Server, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // the other parts repeat the address
		}
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	s := &Server{
		ln: ln, gather: gather, log: log, ended: make(chan struct{}), failed: logging.Once{Every: failedEvery},
		turn: make(chan struct{}, 1),
	}
	s.turn <- struct{}{}
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadTimeout: headerTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: stdlog.New(lines{log}, "", 0),
	}
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true) // one connection of HTTP/2 could carry hundreds of requests
	go func() {
		defer crash.Guard()
		defer close(s.ended)
		_ = s.http.Serve(netutil.LimitListener(ln, maxConnections))
	}()
	return s, nil
}

// lines writes net/http's messages, which are about clients.
type lines struct{ log logrus.FieldLogger }

func (l lines) Write(p []byte) (int, error) {
	l.log.Debugf("the metrics server: %s", p)
	return len(p), nil
}

// Address returns the address of the listener.
func (s *Server) Address() string { return s.ln.Addr().String() }

// serve answers GET /metrics.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != Path:
		http.Error(w, "not found: the metrics are at "+Path, http.StatusNotFound)
		return
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	families, err := s.collect(r.Context())
	if err == nil {
		_ = Write(w, r, families) // an error means that the client has left
		return
	}
	if r.Context().Err() == nil {
		s.failed.Do(err.Error(), func() { s.log.Errorf("metrics: %v", err) })
	}
	http.Error(w, "the metrics cannot be collected; the log has the reason", http.StatusInternalServerError)
}

// collect collects for one scrape at a time, so that many clients cost no more than one.
func (s *Server) collect(ctx context.Context) ([]*dto.MetricFamily, error) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { s.turn <- struct{}{} }()
	return s.gather()
}

// Close ends the server, after a moment for scrapes that run.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	<-s.ended
}
