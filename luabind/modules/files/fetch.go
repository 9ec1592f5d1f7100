package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdnet "net"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/files/remote"
	"spectrumlua/runtime/task"
)

// Limits of fetch, unless its options set others.
const (
	defaultMaxSize = 100 << 20
	defaultTimeout = 60 * time.Second
)

// newClient returns the client for one file. Tests replace it.
var newClient = func() *remote.Client { return new(remote.Client) }

// download is a file that the script reads piece by piece. The script lock guards it.
type download struct {
	stream.Reader
	content  files.Content
	url      string
	resource *task.Resource
}

// Opened implements bind.Opened.
func (d *download) Opened() *task.Resource { return d.resource }

var errClosed = errors.New("the file is closed")

var downloadClass = bind.NewClass("download", map[string]func(l *lua.LState, d *download) int{
	"read_line":  func(l *lua.LState, d *download) int { return d.LuaReadLine(l) },
	"read":       func(l *lua.LState, d *download) int { return d.LuaRead(l) },
	"read_some":  func(l *lua.LState, d *download) int { return d.LuaReadSome(l) },
	"read_until": func(l *lua.LState, d *download) int { return d.LuaReadUntil(l) },
	"read_all":   func(l *lua.LState, d *download) int { return d.LuaReadAll(l) },
	"set_timeout": func(l *lua.LState, d *download) int {
		d.SetTimeout(bind.CheckSeconds(l, 2))
		return 0
	},
	"close": func(_ *lua.LState, d *download) int {
		_ = d.resource.Close()
		return 0
	},
}, map[string]func(l *lua.LState, d *download) lua.LValue{
	"url":       func(_ *lua.LState, d *download) lua.LValue { return lua.LString(d.url) },
	"name":      func(_ *lua.LState, d *download) lua.LValue { return lua.LString(d.content.Name) },
	"mime_type": func(_ *lua.LState, d *download) lua.LValue { return lua.LString(d.content.Type) },
	"size": func(_ *lua.LState, d *download) lua.LValue {
		if d.content.Size < 0 {
			return lua.LNil
		}
		return lua.LNumber(d.content.Size)
	},
})

// fetch is fetch(attachment or url [, options]) → download.
func fetch(l *lua.LState) int {
	given, address := metaOf(l)
	o := bind.OptionsAt(l, 2, "fetch")
	maxSize := int64(o.Int("max_size", defaultMaxSize, 1))
	timeout := o.Seconds("timeout", defaultTimeout)
	owner := o.Owner()
	client := newClient()
	client.Private = o.Bool("private", false)
	proxy, err := net.ReadProxy(l, o, "fetch")
	o.Done()
	if err != nil {
		return bind.Fail(l, err)
	}
	if proxy != nil { // it gets the address that has been checked, not the name
		client.Dial = func(ctx context.Context, network, address string) (stdnet.Conn, error) {
			return (&net.Target{Network: network, Address: address, Proxy: proxy}).Dial(ctx)
		}
	}
	rt := bind.RuntimeOf(l)
	d := &download{url: address}
	pump, err := stream.Open(l, timeout, func(ctx context.Context) (io.ReadCloser, error) {
		err := d.open(ctx, rt.Files, client, maxSize)
		return d.content.Body, err
	})
	if err != nil {
		return bind.Fail(l, fmt.Errorf("cannot fetch the file: %w", net.Plain(err)))
	}
	d.describe(given)
	d.resource = owner.Own(pump)
	pump.Start()
	d.Reader = stream.New(pump, stream.Options{What: "file", Explain: endText, Closed: func() error {
		if d.resource.Closed() {
			return errClosed
		}
		return nil
	}})
	d.SetTimeout(timeout)
	return bind.Return(l, downloadClass.New(d))
}

// metaOf reads argument 1: an address, or an attachment with one.
func metaOf(l *lua.LState) (given files.Meta, address string) {
	switch v := l.Get(1).(type) {
	case lua.LString:
		return given, string(v)
	case *lua.LTable:
		text := func(name string) string {
			s, _ := v.RawGetString(name).(lua.LString)
			return string(s)
		}
		if text("url") != "" {
			return files.Meta{Name: text("name"), Type: text("mime_type")}, text("url")
		}
		if _, isList := v.RawGetInt(1).(*lua.LTable); isList {
			l.ArgError(1, "this is a list of attachments: fetch one of them, as in fetch(m.attachment[1])")
		}
	}
	l.ArgError(1, fmt.Sprintf("address or attachment expected, got %s", l.Get(1).Type()))
	return given, ""
}

// open opens a file of this server, or begins to download another one.
func (d *download) open(ctx context.Context, own *files.Service, client *remote.Client, maxSize int64) error {
	content, err := own.Open(ctx, d.url)
	if err != nil {
		return err
	}
	if content != nil {
		d.content = *content
		if content.Size > maxSize {
			return fmt.Errorf("%w: %d bytes, and %d are allowed", remote.ErrTooLarge, content.Size, maxSize)
		}
		d.content.Body = remote.Limit(content.Body, maxSize)
		return nil
	}
	f, err := client.Get(ctx, d.url, maxSize)
	if err != nil {
		return err
	}
	d.url, d.content = f.URL, files.Content{Name: f.Name, Type: f.Type, Size: f.Size, Body: f.Body}
	return nil
}

// describe chooses the name and the type of the file. What the sender says counts more than
// what the server says, because upload services forget both.
func (d *download) describe(given files.Meta) {
	if given.Name != "" {
		d.content.Name = given.Name
	}
	d.content.Name = files.CleanName(d.content.Name)
	for _, t := range []string{given.Type, d.content.Type, "application/octet-stream"} {
		if t = files.CleanType(t); t != "" {
			d.content.Type = t
			return
		}
	}
}

// endText explains the end of a file.
func endText(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("end of file")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the file ended before its announced size")
	case errors.Is(err, remote.ErrTooLarge):
		return fmt.Errorf("%w (max_size)", remote.ErrTooLarge)
	}
	return net.Plain(err)
}
