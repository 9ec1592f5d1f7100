package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

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
		return err
	}
	if err := json.NewDecoder(answer).Decode(out); err != nil {
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
	return read(io.LimitReader(body, maxAnswer))
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
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if res.StatusCode != http.StatusOK {
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

// explain says what to do about an error of connecting.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("%s: permission denied; use this command as root or as the user of the process", c.socket.Path)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("process %d has ended: %w", c.socket.PID, err)
	}
	return fmt.Errorf("asking process %d: %w", c.socket.PID, err)
}

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
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("process %d has ended", c.socket.PID)
		case err != nil:
			return err
		}
		if err := each(value); err != nil {
			return err
		}
	}
}
