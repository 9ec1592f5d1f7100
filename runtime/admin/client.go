package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// ErrEnded is the error of a Client whose process has ended.
var ErrEnded = errors.New("has ended")

// maxAnswer limits the bytes of an answer that is not a stream.
const maxAnswer = 64 << 20

// Client asks one backend. It is safe for concurrent use.
type Client struct {
	socket Socket
	http   *http.Client
}

// Dial returns a client for a socket. It connects at the first request.
func Dial(s Socket) *Client {
	return &Client{s, &http.Client{Transport: &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return dial(s.Path) },
		DisableCompression: true,
		IdleConnTimeout:    idleTime / 2, // the server must not be the first that closes a connection
	}}}
}

// Socket returns the socket of the client.
func (c *Client) Socket() Socket { return c.socket }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Get asks for a path below Prefix and parses the answer into out, which may be nil.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.ask(ctx, http.MethodGet, path, nil, out)
}

// Post sends in as JSON to a path below Prefix and parses the answer into out. Both may be
// nil.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	return c.ask(ctx, http.MethodPost, path, in, out)
}

func (c *Client) ask(ctx context.Context, method, path string, in, out any) error {
	body, err := c.Open(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	answer := io.LimitReader(body, maxAnswer)
	if out == nil {
		_, err = io.Copy(io.Discard, answer)
	} else {
		err = json.NewDecoder(answer).Decode(out)
	}
	switch {
	case lost(err):
		return c.ended()
	case err != nil:
		return fmt.Errorf("the answer of process %d: %w", c.socket.PID, err)
	}
	return nil
}

// Open sends a request and returns the body of the answer, which the caller closes. in
// becomes the body of the request, and may be nil.
func (c *Client) Open(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	return c.openAs(ctx, method, path, in, "application/json")
}

// Read asks for a path below Prefix in a format, given as the header Accept. It calls read
// with the answer.
func (c *Client) Read(ctx context.Context, path, format string, read func(answer io.Reader) error) error {
	body, err := c.openAs(ctx, http.MethodGet, path, nil, format)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if err := read(io.LimitReader(body, maxAnswer)); !lost(err) {
		return err
	}
	return c.ended()
}

// Upgrade asks for a path below Prefix that speaks another protocol, and returns the
// connection, which the caller closes.
func (c *Client) Upgrade(ctx context.Context, path, protocol string) (io.ReadWriteCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://backend"+Prefix+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", protocol)
	body, err := c.send(req, http.StatusSwitchingProtocols)
	if err != nil {
		return nil, err
	}
	return body.(io.ReadWriteCloser), nil // net/http says so for this status
}

func (c *Client) openAs(ctx context.Context, method, path string, in any, format string) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://backend"+Prefix+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", format)
	return c.send(req, http.StatusOK)
}

// send sends a request and returns the body of an answer with a status.
func (c *Client) send(req *http.Request, status int) (io.ReadCloser, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if res.StatusCode != status {
		defer func() { _ = res.Body.Close() }()
		return nil, &Error{res.StatusCode, reason(res)}
	}
	return res.Body, nil
}

// reason returns the error in an answer.
func reason(res *http.Response) string {
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxBody))
	var f failure
	if json.Unmarshal(text, &f) == nil && f.Error != "" {
		return f.Error
	}
	if line := strings.TrimSpace(string(text)); line != "" {
		return line
	}
	return res.Status
}

// explain says what to do about an error of connecting or of waiting for the answer. It
// leaves out the URL, which means nothing to the user.
func (c *Client) explain(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w; use this command as root or as the user of the process", c.socket.Path, fs.ErrPermission)
	case lost(err):
		return c.ended()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.EAGAIN): // the second one: too many wait for the socket
		return fmt.Errorf("process %d does not answer: it is stopped or overloaded, or too many commands use its socket: %w", c.socket.PID, err)
	}
	return fmt.Errorf("asking process %d: %w", c.socket.PID, err)
}

// lost reports whether an error means that nobody reads the socket any more.
func lost(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "server closed idle connection") || // net/http has no name for it
		slices.ContainsFunc([]error{
			fs.ErrNotExist, syscall.ECONNREFUSED, // no socket, or one that its process has left behind
			io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed, // while the command reads or writes
		}, func(loss error) bool { return errors.Is(err, loss) }))
}

func (c *Client) ended() error { return fmt.Errorf("process %d %w", c.socket.PID, ErrEnded) }

// Stream asks for a path below Prefix and calls each with the values of the stream until ctx
// is done, the stream ends, or each returns an error. It returns nil at the end of the
// stream and when ctx is done. in becomes the body of a POST, or nil for a GET.
func (c *Client) Stream(ctx context.Context, path string, in any, each func(value json.RawMessage) error) error {
	method := http.MethodGet
	if in != nil {
		method = http.MethodPost
	}
	body, err := c.Open(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	for d := json.NewDecoder(body); ; {
		var value json.RawMessage
		switch err := d.Decode(&value); {
		case ctx.Err() != nil, errors.Is(err, io.EOF):
			return nil
		case lost(err):
			return c.ended()
		case err != nil:
			return err
		}
		if err := each(value); err != nil {
			return err
		}
	}
}
