package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// Content is the content of a file. The caller closes Body.
type Content struct {
	Name string
	Type string
	Size int64 // -1 if it is unknown
	Body io.ReadCloser
}

// ErrMissing is the error of Open for a file that does not exist or has expired.
var ErrMissing = errors.New("the file does not exist or has expired")

// Open opens a file of this server by its address, without the network. It returns nil if
// the address is another server's. Reading ends with ctx.
func (s *Service) Open(ctx context.Context, address string) (*Content, error) {
	if !s.On() {
		return nil, nil
	}
	base, err := s.base()
	if err != nil {
		return nil, err
	}
	path, ours := strings.CutPrefix(address, base+"/")
	if !ours {
		return nil, nil
	}
	o, err := s.use()
	if err != nil {
		return nil, err
	}
	e, found, err := o.index.find(ctx, split(path), s.clock.Now())
	switch {
	case err != nil:
		return nil, plain(err)
	case found && e.State == stateReady:
		f, err := os.Open(o.path(e.Token))
		if err != nil {
			return nil, err
		}
		return &Content{Name: e.Name, Type: e.Type, Size: e.Size, Body: f}, nil
	case found && e.State == stateFunction:
		return o.instance.open(ctx, e)
	}
	return nil, ErrMissing
}

// open asks the process that has a function for its file.
func (i *instance) open(ctx context.Context, e entry) (*Content, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://peer/"+url.PathEscape(e.Token)+"/", nil)
	if err != nil {
		return nil, err
	}
	res, err := i.transport(e.Instance).RoundTrip(r)
	if err != nil {
		return nil, ErrMissing // the process has ended
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, fmt.Errorf("the function that makes the file has failed (status %d)", res.StatusCode)
	}
	return &Content{Name: e.Name, Type: e.Type, Size: res.ContentLength, Body: res.Body}, nil
}
