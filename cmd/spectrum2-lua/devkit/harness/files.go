package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"spectrumlua/runtime/files"
)

// MaxFetch is the greatest size of a file that Fetch reads, in bytes.
const MaxFetch = 100 << 20

// Upload stores a file as the upload of a user does, on the backend's own file server. So
// spectrum.files.fetch reads it without the network, and nothing else on this machine is
// allowed.
func (s *Harness) Upload(ctx context.Context, m files.Meta, data string) (files.File, error) {
	m.Size = int64(len(data))
	return s.backend.Shared().Add(ctx, m, strings.NewReader(data))
}

// Fetched is what a server has answered to Fetch.
type Fetched struct {
	Status int
	Header http.Header
	Data   []byte
}

// Fetch downloads a file that the script has shared, as the user's client does: from any
// address.
func (s *Harness) Fetch(ctx context.Context, url string) (Fetched, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Fetched{}, err
	}
	t := &http.Transport{DisableKeepAlives: true}
	defer t.CloseIdleConnections()
	res, err := (&http.Client{Transport: t}).Do(r)
	if err != nil {
		return Fetched{}, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(res.Body, MaxFetch+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("the file is incomplete: it ended after %d bytes", len(data))
	case err == nil && len(data) > MaxFetch:
		err = fmt.Errorf("the file has more than %d bytes", MaxFetch)
	}
	return Fetched{res.StatusCode, res.Header, data}, err
}
