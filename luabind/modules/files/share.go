package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/files/picture"
	"spectrumlua/runtime/task"
)

// sharing is a call of share.
type sharing struct {
	runtime *bind.Runtime
	owner   *task.Owner
	meta    files.Meta
	path    string
	data    lua.LValue // a string, or nil
	fn      *lua.LFunction
	options files.FunctionOptions
}

// share is share{ path = | data = | fetch =, … } → attachment.
func share(l *lua.LState) int {
	if l.Get(1).Type() != lua.LTTable {
		l.ArgError(1, fmt.Sprintf("table expected (as in { data = \"…\", name = \"a.txt\" }), got %s", l.Get(1).Type()))
	}
	o := bind.OptionsAt(l, 1, "share")
	s := &sharing{
		runtime: bind.RuntimeOf(l), owner: o.Owner(),
		path: o.String("path", ""), data: o.Get("data"), fn: o.Function("fetch"),
		options: files.FunctionOptions{Keep: o.Bool("cache", true), Stall: o.Seconds("timeout", 0)},
	}
	s.meta = files.Meta{
		Owner: s.owner.Name(), Name: o.String("name", ""), Type: o.String("mime_type", ""), Size: size(l, o),
		Expire: o.Seconds("expire", 0),
	}
	o.Done()
	s.check(l)
	var f files.File
	var p picture.Picture
	var made *function
	err := bind.Wait(l, func(ctx context.Context) (err error) {
		if s.fn != nil {
			f, made, err = s.addFunction(ctx)
			return err
		}
		f, p, err = s.add(ctx)
		return err
	})
	if err != nil {
		return bind.Fail(l, err)
	}
	if made != nil {
		s.runtime.HeldBy("the function of the shared file "+f.Name, made.over)
	}
	return bind.Return(l, attachment(f, p))
}

// size reads the option size; -1 means that it is not set.
func size(l *lua.LState, o *bind.Options) int64 {
	switch v := o.Get("size").(type) {
	case *lua.LNilType:
		return -1
	case lua.LNumber:
		if n := int64(v); lua.LNumber(n) == v && n >= 0 && n < 1<<53 {
			return n
		}
	}
	bind.Raise(l, "share: size: number of bytes expected, got %s", bind.Describe(o.Get("size")))
	return 0
}

// check raises an error for options that contradict each other.
func (s *sharing) check(l *lua.LState) {
	given := 0
	for _, is := range []bool{s.path != "", s.data != lua.LNil, s.fn != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		bind.Raise(l, "share: one of path, data and fetch is required")
	case s.fn == nil && s.meta.Size >= 0:
		bind.Raise(l, "share: size is only for fetch: the other sizes are known")
	case s.data != lua.LNil && s.data.Type() != lua.LTString:
		bind.Raise(l, "share: data: string expected, got %s", s.data.Type())
	case s.meta.Type != "" && files.CleanType(s.meta.Type) == "":
		bind.Raise(l, "share: mime_type: %s is not a media type such as image/png", bind.Describe(lua.LString(s.meta.Type)))
	}
	if s.meta.Name == "" && s.path != "" {
		s.meta.Name = filepath.Base(s.path)
	}
}

// content is a content whose size is known.
type content interface {
	io.Reader
	io.ReaderAt
}

// add shares a file or a string.
func (s *sharing) add(ctx context.Context) (f files.File, p picture.Picture, err error) {
	var c content
	if s.path == "" {
		text := string(s.data.(lua.LString))
		c, s.meta.Size = strings.NewReader(text), int64(len(text))
	} else {
		file, err := s.open()
		if err != nil {
			return f, p, err
		}
		defer file.Close()
		c = file
	}
	if f, err = s.runtime.Files.Add(ctx, s.meta, c); err != nil {
		return f, p, err
	}
	if strings.HasPrefix(f.Type, "image/") {
		p, _ = picture.Describe(c, s.meta.Size) // without a preview, the picture is shared all the same
	}
	return f, p, nil
}

// open opens the file of the option path. A relative name starts at the config file's folder.
func (s *sharing) open() (*os.File, error) {
	path := s.path
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.runtime.Config.Dir(), path)
	}
	f, err := s.runtime.Policy.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", s.path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.meta.Size = info.Size()
	return f, nil
}

// attachment returns the table for conv_message.
func attachment(f files.File, p picture.Picture) *lua.LTable {
	t := bind.NewTableSize(0, 8)
	t.RawSetString("url", lua.LString(f.URL))
	t.RawSetString("name", lua.LString(f.Name))
	t.RawSetString("mime_type", lua.LString(f.Type))
	if f.Size >= 0 {
		t.RawSetString("size", lua.LNumber(f.Size))
	}
	if p.Width > 0 {
		t.RawSetString("width", lua.LNumber(p.Width))
		t.RawSetString("height", lua.LNumber(p.Height))
	}
	if p.Preview != nil {
		t.RawSetString("preview", lua.LString(p.Preview))
	}
	return t
}
