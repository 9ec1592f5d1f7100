package scripttest

import (
	"cmp"
	"context"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/files"
)

// sendFile implements user:send_file(buddy, { data =, name =, mime_type =, text = }) → message.
// The client uploads the file to the transport. A client that sends no text sends the
// address instead.
func sendFile(l *lua.LState, u *user) int {
	buddy := l.CheckString(2)
	l.CheckTable(3)
	o := bind.OptionsAt(l, 3, "send_file")
	data, ok := o.Get("data").(lua.LString)
	m := files.Meta{Owner: u.jid, Name: o.String("name", ""), Type: o.String("mime_type", "")}
	text := o.String("text", "")
	o.Done()
	switch {
	case !ok:
		bind.Raise(l, "send_file: data: string expected, got %s", bind.Describe(o.Get("data")))
	case m.Type != "" && files.CleanType(m.Type) == "":
		bind.Raise(l, "send_file: mime_type: %s is not a media type such as image/png", bind.Describe(lua.LString(m.Type)))
	}
	s := u.world.needStage(l)
	var f files.File
	err := bind.Wait(l, func(ctx context.Context) (err error) {
		f, err = s.Upload(ctx, m, string(data))
		return err
	})
	if err != nil {
		bind.Raise(l, "send_file: %v", err)
	}
	fields := fieldsOf("buddy_name", buddy, "message", cmp.Or(text, f.URL))
	if !s.Spectrum.Gateway() { // Spectrum passes only the text
		if text != "" {
			fields.RawSetString("message", lua.LString(text+"\n"+f.URL))
		}
		return u.write(l, "send_file", fields)
	}
	attachment, list := fieldsOf("url", f.URL, "name", f.Name, "mime_type", f.Type), bind.NewTable()
	attachment.RawSetString("size", lua.LNumber(f.Size))
	list.Append(attachment)
	fields.RawSetString("attachment", list)
	return u.write(l, "send_file", fields)
}

// fetchFile implements user:fetch(file [, seconds]) → data, status, headers. The file is an
// attachment or an address.
func fetchFile(l *lua.LState, u *user) int {
	url := l.Get(2)
	if t, ok := url.(*lua.LTable); ok {
		url = t.RawGetString("url")
		if _, isList := t.RawGetInt(1).(*lua.LTable); isList {
			l.ArgError(2, "this is a list of attachments: fetch one of them, as in user:fetch(m.attachment[1])")
		}
	}
	address, ok := url.(lua.LString)
	if !ok {
		l.ArgError(2, "address or attachment expected, got "+bind.Describe(l.Get(2)))
	}
	limit := u.world.limit(l, 3)
	s := u.world.needStage(l)
	var f harness.Fetched
	late, stop := u.world.after(limit)
	defer stop()
	err := waitFor(late, l, func(ctx context.Context) (err error) {
		f, err = s.Fetch(ctx, string(address))
		return err
	})
	if err != nil {
		bind.Raise(l, "fetch: %v", err)
	}
	headers := bind.NewTable()
	for name, values := range f.Header {
		headers.RawSetString(name, lua.LString(strings.Join(values, ", ")))
	}
	return bind.Return(l, lua.LString(f.Data), lua.LNumber(f.Status), headers)
}
