package http

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/net/http/httpguts"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/version"
)

// call is one request, with the options that apply to it.
type call struct {
	request   *http.Request
	transport *http.Transport
	elsewhere *http.Transport // for origins other than the URL's
	left      bool            // a redirect has led to another origin
	proxy     *net.Proxy
	redirects int // how many to follow
	timeout   time.Duration
	maxSize   int64
	stream    bool
	owner     *task.Owner
}

var userAgent = "spectrum2-lua/" + version.Number

// newCall reads the options of a request. Wrong options raise an error. A
// wrong URL is returned as an error, because URLs often come from outside the
// script.
func newCall(l *lua.LState, pool *pool, o *bind.Options, method, address string, body lua.LValue) (*call, error) {
	c := &call{
		timeout: o.Seconds("timeout", defaultTimeout),
		maxSize: readMaxSize(l, o),
		stream:  o.Bool("stream", false),
		owner:   o.Owner(),
	}
	c.redirects = readRedirects(l, o)
	header := ReadHeaders(l, o)
	query := o.Table("query")
	data, contentType, given := readBody(l, o, body)
	if given && contentType != "" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", contentType)
	}
	if method == "" {
		method = http.MethodGet
		if given {
			method = http.MethodPost
		}
	}
	secure := net.ReadTLS(l, o)
	proxy, err := net.ReadProxy(l, o, "http")
	o.Done()
	if !httpguts.ValidHeaderFieldName(method) { // methods and header names allow the same characters
		bind.Raise(l, "%q is not a valid method", method)
	}
	u, urlErr := ParseURL(address, "http", "https")
	if err := cmp.Or(err, urlErr); err != nil {
		return nil, err
	}
	if query != nil {
		addQuery(u, readValues(l, "query", query))
	}
	if c.transport, err = pool.transport(secure, proxy); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	if c.elsewhere, err = pool.transport(secure.Elsewhere(), proxy); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	c.proxy = proxy
	c.request = &http.Request{
		Method: strings.ToUpper(method), URL: u, Host: header.Get("Host"), Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	header.Del("Host")
	if given {
		c.setBody(data)
	}
	return c, nil
}

func (c *call) setBody(data []byte) {
	c.request.ContentLength = int64(len(data))
	c.request.GetBody = func() (io.ReadCloser, error) {
		if len(data) == 0 {
			return http.NoBody, nil
		}
		return io.NopCloser(bytes.NewReader(data)), nil
	}
	c.request.Body, _ = c.request.GetBody()
}

func readMaxSize(l *lua.LState, o *bind.Options) int64 {
	most := bind.RuntimeOf(l).Settings.MaxString
	return min(int64(o.Int("max_size", defaultMaxSize, 1)), most)
}

// readRedirects reads the option redirects: the number of redirects to follow,
// or false.
func readRedirects(l *lua.LState, o *bind.Options) int {
	switch v := o.Get("redirects").(type) {
	case *lua.LNilType:
		return defaultRedirects
	case lua.LBool:
		if !v {
			return 0
		}
		return defaultRedirects
	case lua.LNumber:
		if n, ok := bind.Integer(v, 0, 100); ok {
			return n
		}
	}
	bind.Raise(l, "redirects: integer from 0 to 100 or false expected, got %s", bind.Describe(o.Get("redirects")))
	return 0
}

// ReadHeaders reads the options headers and auth.
func ReadHeaders(l *lua.LState, o *bind.Options) http.Header {
	header := http.Header{}
	if t := o.Table("headers"); t != nil {
		h, wrong := readHeaders(t)
		if wrong != "" {
			bind.Raise(l, "headers: %s", wrong)
		}
		header = h
	}
	if _, given := header["User-Agent"]; !given {
		header.Set("User-Agent", userAgent)
	}
	if auth := o.Table("auth"); auth != nil {
		setAuth(l, header, auth)
	}
	return header
}

// setAuth reads { user =, password = } or { bearer = }.
func setAuth(l *lua.LState, header http.Header, auth *lua.LTable) {
	text := func(key string) (string, bool) {
		s, ok := auth.RawGetString(key).(lua.LString)
		return string(s), ok
	}
	user, isBasic := text("user")
	token, isBearer := text("bearer")
	password, _ := text("password")
	switch {
	case isBasic && !isBearer:
		request := http.Request{Header: header}
		request.SetBasicAuth(user, password)
	case isBearer && !isBasic:
		if !httpguts.ValidHeaderFieldValue(token) {
			bind.Raise(l, "auth: bearer contains a character that a header cannot contain, such as a line break")
		}
		header.Set("Authorization", "Bearer "+token)
	default:
		bind.Raise(l, "auth: { user = …, password = … } or { bearer = … } expected")
	}
}

func addQuery(u *url.URL, query url.Values) {
	if u.RawQuery != "" && len(query) > 0 {
		u.RawQuery += "&"
	}
	u.RawQuery += query.Encode()
}

// fetch makes the request and returns the whole response.
func (c *call) fetch(l *lua.LState) int {
	var response *http.Response
	var body []byte
	err := bind.WaitTimeout(l, c.timeout, func(ctx context.Context) (err error) {
		if response, err = c.do(ctx); err != nil {
			return err
		}
		defer response.Body.Close()
		body, err = c.readAll(response)
		return err
	})
	if err != nil {
		return bind.Fail(l, c.explain(err))
	}
	t := responseTable(response)
	t.RawSetString("body", lua.LString(body))
	return bind.Return(l, t)
}

func (c *call) readAll(response *http.Response) ([]byte, error) {
	if response.ContentLength > c.maxSize {
		return nil, c.tooLong()
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, c.maxSize+1))
	if err == nil && int64(len(body)) > c.maxSize {
		return nil, c.tooLong()
	}
	return body, err
}

func (c *call) tooLong() error {
	return fmt.Errorf("the body has more than %d bytes (max_size)", c.maxSize)
}

// do makes the request and follows redirects.
func (c *call) do(ctx context.Context) (*http.Response, error) {
	client := &http.Client{Transport: c, CheckRedirect: c.checkRedirect}
	return client.Do(c.request.WithContext(ctx))
}

// responseTable returns a table with all of a response except its body.
func responseTable(r *http.Response) *lua.LTable {
	t := bind.NewTableSize(0, 5)
	t.RawSetString("status", lua.LNumber(r.StatusCode))
	t.RawSetString("reason", lua.LString(reason(r)))
	t.RawSetString("headers", headerTable(r.Header))
	t.RawSetString("url", lua.LString(finalURL(r)))
	return t
}

// finalURL returns the URL that the response came from, without user and
// password.
func finalURL(r *http.Response) string {
	u := *r.Request.URL
	u.User = nil
	return u.String()
}

// reason returns the text that follows the status, such as "Not Found".
func reason(r *http.Response) string {
	_, text, _ := strings.Cut(r.Status, " ")
	return text
}
