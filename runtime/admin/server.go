package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/net/netutil"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/logging"
)

// Limits of a Server.
const (
	maxConnections = 16
	maxHeader      = 16 << 10         // bytes
	maxBody        = 64 << 10         // bytes
	headerTime     = 10 * time.Second // for the header of a request
	bodyTime       = 10 * time.Second // for the header and the body
	writeTime      = 10 * time.Second // for an answer, or a part of a stream
	idleTime       = time.Minute      // between two requests
	refusedEvery   = time.Minute      // how often the log repeats that a user was refused
)

// Options configure a Server. Log is required.
type Options struct {
	// Folder is the folder of the socket, and JID the transport's.
	Folder, JID string
	Log         logrus.FieldLogger
	// Allowed reports whether the processes of a user may use the socket. The default allows
	// root and the user of this process.
	Allowed func(uid int) bool
}

// Server is the socket of a backend. It is safe for concurrent use.
type Server struct {
	opts     Options
	path     string
	mux      *http.ServeMux
	http     *http.Server
	listener net.Listener
	refused  logging.Once
	ended    chan struct{}
}

// Handler handles a request. It returns the value of the answer, which becomes JSON, or an
// error: an *Error has a status of its own, any other error is an internal one. A nil value
// is an empty object.
type Handler func(r *Request) (any, error)

// Request is a request with its sender.
type Request struct {
	*http.Request
	// Who is the system's name of the user who asks, for the log.
	Who string

	control *http.ResponseController
}

// Unhurried lets the route take as long as it needs until it has its answer. Its context
// still ends when the client leaves. The body must have been read.
func (r *Request) Unhurried() {
	_ = r.control.SetReadDeadline(time.Time{}) // it would end the context
	_ = r.control.SetWriteDeadline(time.Time{})
}

// Decode parses the body of the request, which is one JSON value without unknown fields.
func (r *Request) Decode(into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); errors.Is(more, io.EOF) { // the server notices only then that the client leaves
			return nil
		}
		err = errors.New("more text follows")
	}
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return &Error{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is longer than %d bytes", long.Limit)}
	}
	return &Error{http.StatusBadRequest, fmt.Sprintf("the body of the request is not what %s expects: %v", r.URL.Path, err)}
}

// Error is an error with a status of HTTP.
type Error struct {
	Status int
	Text   string
}

func (e *Error) Error() string { return e.Text }

// New returns a server that does not listen yet.
func New(o Options) *Server {
	if o.Allowed == nil {
		own := os.Geteuid()
		o.Allowed = func(uid int) bool { return uid == 0 || uid == own }
	}
	s := &Server{
		opts: o, path: Path(o.Folder, o.JID, os.Getpid()), mux: http.NewServeMux(),
		refused: logging.Once{Every: refusedEvery}, ended: make(chan struct{}),
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, &Error{http.StatusNotFound, fmt.Sprintf("%s %s is unknown: the tool and the backend have different versions", r.Method, r.URL.Path)})
	})
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: stdlog.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			sender, _ := conn.RemoteAddr().(peer)
			return context.WithValue(ctx, peerKey{}, sender)
		},
	}
	return s
}

// peerKey is the key of the peer in the context of a connection.
type peerKey struct{}

// listener accepts connections whose remote address is a peer.
type listener struct{ *net.UnixListener }

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.AcceptUnix()
	if err != nil {
		return nil, err
	}
	uid, known := peerOf(conn)
	return peerConn{conn, peer{conn.RemoteAddr(), uid, known}}, nil
}

// peerConn is a connection that knows the user on its other side.
type peerConn struct {
	net.Conn
	peer peer
}

func (c peerConn) RemoteAddr() net.Addr { return c.peer }

// peer is the user on the other side of a connection.
type peer struct {
	net.Addr
	uid   int
	known bool
}

// name returns the system's name of the user.
func (p peer) name() string {
	if !p.known {
		return "a user of this system"
	}
	number := strconv.Itoa(p.uid)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return "uid " + number
}

// Handle adds a route. pattern is a method and a path below Prefix, such as "GET /process";
// see http.ServeMux. It must be called before Listen.
func (s *Server) Handle(pattern string, h Handler) {
	s.Raw(pattern, func(w http.ResponseWriter, r *Request) error {
		value, err := h(r)
		_ = r.control.SetWriteDeadline(time.Now().Add(writeTime)) // see Unhurried
		if err != nil {
			return err
		}
		if value == nil {
			value = struct{}{}
		}
		return WriteJSON(w, value)
	})
}

// WriteJSON writes the answer of a Raw route.
func WriteJSON(w http.ResponseWriter, value any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(value)
}

// Raw adds a route whose handler writes the answer itself. An error becomes the answer if
// nothing is written yet.
func (s *Server) Raw(pattern string, h func(w http.ResponseWriter, r *Request) error) {
	method, path, _ := strings.Cut(pattern, " ")
	s.mux.HandleFunc(method+" "+Prefix+path, func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		sender, _ := r.Context().Value(peerKey{}).(peer)
		if err := h(w, &Request{Request: r, Who: sender.name(), control: http.NewResponseController(w)}); err != nil {
			fail(w, err)
		}
	})
}

// serve refuses other users and calls the route.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer crashed(s.opts.Log)
	sender, _ := r.Context().Value(peerKey{}).(peer)
	if credentials && (!sender.known || !s.opts.Allowed(sender.uid)) {
		who := sender.name()
		s.refused.Do(who, func() {
			s.opts.Log.WithField("by", who).Warn("a request on the admin socket was refused: only root and the user of the process may use it")
		})
		fail(w, &Error{http.StatusForbidden, "only root and the user of the process may use this socket"})
		return
	}
	s.mux.ServeHTTP(w, r)
}

// crashed logs a panic of a route and lets the connection end. A mistake there must not end
// the process.
func crashed(log logrus.FieldLogger) {
	if p := recover(); p != nil {
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		stack := make([]byte, 64<<10)
		log.Errorf("a request on the admin socket failed: %v\n%s", p, stack[:runtime.Stack(stack, false)])
		panic(http.ErrAbortHandler)
	}
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var known *Error
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		status = known.Status
	case errors.As(err, &long):
		status = http.StatusRequestEntityTooLarge
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(failure{err.Error()})
}

// failure is the body of an answer with an error.
type failure struct {
	Error string `json:"error"`
}

// Listen makes the socket and starts to serve it. It removes the sockets of processes of the
// transport that have ended.
func (s *Server) Listen() error {
	_, _ = Find(s.opts.Folder, s.opts.JID)
	l, err := listen(s.path)
	if err != nil {
		close(s.ended)
		return fmt.Errorf("making the admin socket %s: %w", s.path, err)
	}
	s.listener = l
	go func() {
		defer crash.Guard()
		defer close(s.ended)
		_ = s.http.Serve(netutil.LimitListener(listener{l}, maxConnections))
	}()
	return nil
}

// listen makes the socket. It gets its name at the end, when it has its mode and accepts
// connections: other processes remove a socket that does not.
func listen(path string) (l *net.UnixListener, err error) {
	begun := path + draft
	_ = os.Remove(begun) // of an earlier process with this process id
	err = short(begun, func(path string) (err error) {
		l, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // the path may be that of a folder of this process
	if err = os.Chmod(begun, 0o600); err == nil {
		err = os.Rename(begun, path)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(), os.Remove(begun))
	}
	return l, nil
}

// Close removes the socket and ends all connections. It does nothing without Listen.
func (s *Server) Close() {
	if s.listener == nil {
		return
	}
	_ = os.Remove(s.path)
	_ = s.http.Close()
	<-s.ended
}

// Path returns the path of the socket.
func (s *Server) Path() string { return s.path }
