package http

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/net/http/httpguts"

	"spectrumlua/luabind/bind"
)

// readBody returns the body to send: body itself, or the encoded value of the
// option form, multipart or json. given reports whether the call has a body.
func readBody(l *lua.LState, o *bind.Options, body lua.LValue) (data []byte, contentType string, given bool) {
	form, parts, value := o.Table("form"), o.Table("multipart"), o.Get("json")
	count := 0
	for _, there := range []bool{body != lua.LNil, form != nil, parts != nil, value != lua.LNil} {
		if there {
			count++
		}
	}
	switch {
	case count == 0:
		return nil, "", false
	case count > 1:
		bind.Raise(l, "only one of body, form, multipart and json can be sent")
	case form != nil:
		return []byte(readValues(l, "form", form).Encode()), "application/x-www-form-urlencoded", true
	case parts != nil:
		data, contentType = readMultipart(l, parts)
		return data, contentType, true
	case value != lua.LNil:
		return []byte(encodeJSON(l, value)), "application/json", true
	}
	switch v := body.(type) {
	case lua.LString:
		return []byte(v), "", true
	case lua.LNumber:
		return []byte(v.String()), "", true
	}
	bind.Raise(l, "body: string expected, got %s", bind.Describe(body))
	return nil, "", false
}

// readValues converts a table to the names and values of a query or a form.
func readValues(l *lua.LState, what string, t *lua.LTable) url.Values {
	values := url.Values{}
	budget := budgetOf(l, what)
	t.ForEach(func(k, v lua.LValue) {
		list, ok := texts(v)
		if _, isName := k.(lua.LString); !isName || !ok {
			bind.Raise(l, "%s: names are strings, and values are strings or lists of strings: not a %s as %s", what, v.Type(), bind.QuoteKey(k))
		}
		name := k.String()
		for _, text := range list {
			budget.take(len(name) + len("=&") + len(text))
		}
		values[name] = list
	})
	return values
}

// budget is the number of bytes that the encoded form of a table may still
// take. A table can repeat one long string many times.
type budget struct {
	l    *lua.LState
	what string
	left int64
}

func budgetOf(l *lua.LState, what string) *budget {
	return &budget{l, what, bind.RuntimeOf(l).Settings.MaxString}
}

// take raises an error if fewer than n bytes are left.
func (b *budget) take(n int) {
	if b.left -= int64(n); b.left < 0 {
		bind.Raise(b.l, "%s: the encoded text would have more than %d bytes (max_string)", b.what, bind.RuntimeOf(b.l).Settings.MaxString)
	}
}

// readMultipart encodes a multipart body. The list part of the table holds
// parts { name =, data =, filename =, type = }; the other entries are fields
// by name.
func readMultipart(l *lua.LState, t *lua.LTable) (data []byte, contentType string) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	budget := budgetOf(l, "multipart")
	for i := 1; i <= t.Len(); i++ {
		part, ok := t.RawGetInt(i).(*lua.LTable)
		if !ok {
			bind.Raise(l, "multipart: part %d: table expected (as in { name = \"file\", data = \"…\", filename = \"a.txt\" }), got %s", i, bind.Describe(t.RawGetInt(i)))
		}
		writePart(l, w, budget, i, part)
	}
	var names []string
	t.ForEach(func(k, _ lua.LValue) {
		if _, ok := k.(lua.LString); ok {
			names = append(names, k.String())
		}
	})
	slices.Sort(names)
	for _, name := range names {
		values, ok := texts(t.RawGetString(name))
		if !ok {
			bind.Raise(l, "multipart: %s: string expected, got %s", name, bind.Describe(t.RawGetString(name)))
		}
		for _, v := range values {
			budget.take(partCost + len(name) + len(v))
			_ = w.WriteField(name, v) // a buffer never fails
		}
	}
	_ = w.Close()
	return buf.Bytes(), w.FormDataContentType()
}

// partCost is the least overhead of a part, in bytes.
const partCost = 128

func writePart(l *lua.LState, w *multipart.Writer, budget *budget, i int, part *lua.LTable) {
	field := func(key, otherwise string) string {
		switch v := part.RawGetString(key).(type) {
		case lua.LString:
			return string(v)
		case *lua.LNilType:
			return otherwise
		default:
			bind.Raise(l, "multipart: part %d: %s: string expected, got %s", i, key, bind.Describe(v))
			return ""
		}
	}
	name, data, filename := field("name", ""), field("data", ""), field("filename", "")
	if name == "" {
		bind.Raise(l, "multipart: part %d has no name", i)
	}
	budget.take(partCost + len(name) + len(data) + len(filename))
	header := textproto.MIMEHeader{}
	disposition := `form-data; name="` + quoteParameter(name) + `"`
	kind := ""
	if filename != "" {
		disposition += `; filename="` + quoteParameter(filename) + `"`
		kind = "application/octet-stream"
	}
	if kind = field("type", kind); kind != "" {
		if !httpguts.ValidHeaderFieldValue(kind) {
			bind.Raise(l, "multipart: part %d: type contains a character that a header cannot contain", i)
		}
		header.Set("Content-Type", kind)
	}
	header.Set("Content-Disposition", disposition)
	out, _ := w.CreatePart(header) // a buffer never fails
	_, _ = out.Write([]byte(data))
}

// quoteParameter escapes a name as browsers do (HTML standard, "multipart form
// data").
func quoteParameter(s string) string {
	var b bytes.Buffer
	for _, c := range []byte(s) {
		switch c {
		case '"', '\r', '\n':
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// encodeJSON calls spectrum.json's encode through package.preload. This
// package does not import the module.
func encodeJSON(l *lua.LState, v lua.LValue) string {
	const module = "spectrum.json"
	var open lua.LValue = lua.LNil
	if pkg, ok := l.GetGlobal("package").(*lua.LTable); ok {
		if preload, ok := pkg.RawGetString("preload").(*lua.LTable); ok {
			open = preload.RawGetString(module)
		}
	}
	if open.Type() != lua.LTFunction {
		bind.Raise(l, "json: the module %s is not available", module)
	}
	l.Push(open)
	l.Call(0, 1)
	encode := l.GetField(l.Get(-1), "encode")
	l.Pop(1)
	l.Push(encode)
	l.Push(v)
	l.Call(1, 1)
	text := lua.LVAsString(l.Get(-1))
	l.Pop(1)
	return text
}
