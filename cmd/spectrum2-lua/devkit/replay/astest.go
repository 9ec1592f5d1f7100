package replay

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/convert"
	"spectrumlua/luabind/source"
	"spectrumlua/pb"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
)

// AsTest returns a test file for `spectrum2-lua test` with a case for each run. script is
// the path of the script or config, as the file names it. It is "" if the file's name
// implies it.
func AsTest(runs []record.Run, script string) string {
	var b strings.Builder
	b.WriteString("-- Made from a record by spectrum2-lua replay --as-test.\n\nlocal test = require \"spectrum.test\"\n")
	if script != "" {
		fmt.Fprintf(&b, "\ntest.script(%s)\n", quote(script))
	}
	for i, run := range runs {
		name := "recorded on " + run.Header.Time.UTC().Format(time.DateTime)
		if len(runs) > 1 {
			name += fmt.Sprintf(", run %d", i+1)
		}
		fmt.Fprintf(&b, "\ntest.case(%s, function(t)\n", quote(name))
		c := &caseWriter{out: &b, users: map[string]string{}, compare: comparer{ids: map[string]bool{}}}
		if run.Header.Home == record.HomeSpectrum {
			c.line(`t:start { home = "spectrum" }`)
		}
		c.run(run)
		b.WriteString("end)\n")
	}
	return b.String()
}

// caseWriter writes one case.
type caseWriter struct {
	out     *strings.Builder
	compare comparer
	users   map[string]string // the variables of logged-in users, by JID
	now     time.Duration
}

// pause is the shortest time without messages for which a test advances the clock.
const pause = time.Second

// longest is the length of the longest text that a test expects, in bytes.
const longest = 1 << 10

func (c *caseWriter) line(format string, args ...any) {
	fmt.Fprintf(c.out, "  "+format+"\n", args...)
}

func (c *caseWriter) run(run record.Run) {
	c.line("local user = {}")
	for _, e := range run.Entries {
		if !e.Out && e.Event == "" {
			c.compare.learn(e)
		}
		if e.Event == "" && e.Type != pb.WrapperMessage_TYPE_EXIT {
			c.advance(e.Time)
			c.message(e)
		}
	}
}

// advance writes t:advance.
func (c *caseWriter) advance(t time.Duration) {
	if d := t - c.now; d >= pause {
		c.line("t:advance(%s)", strconv.FormatFloat(math.Round(d.Seconds()*10)/10, 'f', -1, 64))
		c.now = t
	}
}

func (c *caseWriter) message(e record.Entry) {
	typ := schema.TypeByNumber(e.Type)
	who := "t"
	if name := e.User(); name != "" {
		who = c.users[name]
	}
	isLogin := e.Type == pb.WrapperMessage_TYPE_LOGIN && !e.Out
	switch {
	case typ == nil || e.LeftOut:
		c.line("-- %s: %s is not in the record", e.Where(), record.TypeName(e.Type))
		return
	case !isLogin && (who == "" || (who == "t") != (typ.User() == nil)):
		c.line("-- %s: %s names no user who is logged in", e.Where(), typ.Name)
		return
	}
	fields, err := c.fields(typ, e)
	switch {
	case err != nil:
		c.line("-- %s: %s: %v", e.Where(), typ.Name, err)
	case isLogin:
		c.login(e.User(), fields)
	case e.Type == pb.WrapperMessage_TYPE_LOGOUT:
		c.line("%s:logout()", who)
	case e.Out:
		c.line("%s:expect(%s%s)", who, quote(typ.Name), c.arguments(typ, e, fields))
	default:
		c.line("%s:send(%s%s)", who, quote(typ.Name), c.arguments(typ, e, fields))
	}
}

// fields returns the fields of a message, as a handler receives them, or nil.
func (c *caseWriter) fields(typ *schema.Type, e record.Entry) (*lua.LTable, error) {
	if typ.Payload == nil {
		return nil, nil
	}
	fields, err := convert.Decode(typ.Payload, string(e.Payload), nil)
	if err != nil {
		return nil, err
	}
	for _, f := range typ.Payload.Fields {
		if f.User {
			fields.RawSetString(f.Name, lua.LNil)
		}
	}
	if !e.Out {
		return fields, nil
	}
	shown, _ := record.Fields(typ, e.Payload)
	for _, f := range shown {
		if f.Name == "timestamp" || f.Name == "id" && !c.compare.ids[f.JSON] {
			fields.RawSetString(f.Name, lua.LNil) // differs in each run
		}
	}
	return fields, nil
}

// login writes t:login. It omits the default password of tests.
func (c *caseWriter) login(jid string, fields *lua.LTable) {
	name, known := c.users[jid]
	if !known {
		name = c.name(jid)
		c.users[jid] = name
	}
	options := "user = " + quote(jid)
	if legacy, ok := fields.RawGetString("legacy_name").(lua.LString); ok {
		options += ", legacy_name = " + quote(string(legacy))
	}
	if password, ok := fields.RawGetString("password").(lua.LString); ok && password != secret.Mask {
		options += ", password = " + quote(string(password))
	}
	if settings, ok := fields.RawGetString("settings").(*lua.LTable); ok {
		if values, ok := settings.RawGetString("value").(*lua.LTable); ok {
			options += ", settings = " + c.value(values, false)
		}
	}
	c.line("%s = t:login { %s }", name, options)
}

// name returns the variable for a user, from the local part of the JID.
func (c *caseWriter) name(jid string) string {
	local, _, _ := strings.Cut(jid, "@")
	local = strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, local)
	for n := 1; ; n++ {
		name := "user." + local
		if !source.IsName(local) {
			name = "user._" + local
		}
		if n > 1 {
			name += "_" + strconv.Itoa(n)
		}
		taken := false
		for _, other := range c.users {
			taken = taken || other == name
		}
		if !taken {
			return name
		}
	}
}

// arguments returns the arguments after the type.
func (c *caseWriter) arguments(typ *schema.Type, e record.Entry, fields *lua.LTable) string {
	if typ.Raw {
		return ", " + quote(string(e.Payload))
	}
	if fields == nil {
		return ""
	}
	text := c.value(fields, e.Out)
	if text == "{}" {
		return ""
	}
	return ", " + text
}

// value returns a value as Lua code. In an expected message, a masked or long text
// becomes t.any.
func (c *caseWriter) value(v lua.LValue, expected bool) string {
	switch v := v.(type) {
	case lua.LString:
		if expected && (len(v) > longest || strings.Contains(string(v), secret.Mask)) {
			return "t.any"
		}
		return quote(string(v))
	case *lua.LTable:
		return c.table(v, expected)
	}
	return v.String()
}

func (c *caseWriter) table(t *lua.LTable, expected bool) string {
	var parts []string
	for i := 1; i <= t.Len(); i++ {
		parts = append(parts, c.value(t.RawGetInt(i), expected))
	}
	var named []string
	t.ForEach(func(k, v lua.LValue) {
		name, ok := k.(lua.LString)
		switch {
		case !ok:
		case source.IsName(string(name)):
			named = append(named, string(name)+" = "+c.value(v, expected))
		default:
			named = append(named, "["+quote(string(name))+"] = "+c.value(v, expected))
		}
	})
	slices.Sort(named)
	if parts = append(parts, named...); len(parts) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// quote returns a text as a Lua string.
func quote(s string) string {
	b := []byte{'"'}
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', s[0])
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == utf8.RuneError && n == 1 || !unicode.IsPrint(r):
			for i := range n {
				b = fmt.Appendf(b, "\\%03d", s[i])
			}
		default:
			b = append(b, s[:n]...)
		}
		s = s[n:]
	}
	return string(append(b, '"'))
}
