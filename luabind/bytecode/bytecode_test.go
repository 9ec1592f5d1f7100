package bytecode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/source"
)

// scripts compiles the Lua in the repository whose path has a part.
func scripts(t testing.TB, part string) []source.Unit {
	t.Helper()
	var units []source.Unit
	for _, folder := range []string{"../../scripts", "../../examples", "../stdlib/testdata"} {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".lua" || !strings.Contains(path, part) {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			units = append(units, unit(t, path, string(text)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return units
}

// unit compiles a source.
func unit(t testing.TB, name, text string) source.Unit {
	t.Helper()
	_, function, problem := source.Compile(name, text)
	if problem != nil {
		t.Fatal(problem.In(name))
	}
	return source.Unit{Name: name, Text: text, Function: function}
}

// TestRoundTrip wants each function back as the compiler has made it, with what
// gopher-lua keeps in it for itself alone.
func TestRoundTrip(t *testing.T) {
	units := scripts(t, "")
	if len(units) < 40 {
		t.Fatalf("there are %d scripts", len(units))
	}
	f, err := parse(format(units, "this build"), "this build")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range units {
		got := f.Function(u.Name, u.Text)
		if !reflect.DeepEqual(comparable(got), comparable(u.Function)) {
			t.Errorf("%s has changed", u.Name)
		}
	}
}

// comparable puts something else into the place of constants that are no number,
// such as 0/0, which equal nothing.
func comparable(p *lua.FunctionProto) *lua.FunctionProto {
	for i, c := range p.Constants {
		if c != c {
			p.Constants[i] = lua.LTrue
		}
	}
	for _, inner := range p.FunctionPrototypes {
		comparable(inner)
	}
	return p
}

func TestFunction(t *testing.T) {
	a, b := unit(t, "a.lua", "return 1"), unit(t, "b.lua", "return 'b', -0.5, ...")
	foreign := unit(t, "c.lua", "return 2")
	foreign.Function.Constants = []lua.LValue{lua.LTrue} // which the compiler makes none of
	negative := unit(t, "e.lua", "return 4")
	negative.Function.LineDefined = -1
	deep := unit(t, "d.lua", "return 3")
	for range maxDepth + 1 {
		deep.Function = &lua.FunctionProto{FunctionPrototypes: []*lua.FunctionProto{deep.Function}}
	}
	f, err := parse(format([]source.Unit{a, foreign, deep, negative, b}, "x"), "x")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.bodies) != 2 {
		t.Errorf("%d functions are written, of 2 that can be", len(f.bodies))
	}
	var none *File
	for _, test := range []struct {
		name       string
		file       *File
		unit, text string
		want       *lua.FunctionProto
	}{
		{"the first", f, "a.lua", a.Text, a.Function},
		{"the last", f, "b.lua", b.Text, b.Function},
		{"another text", f, "a.lua", "return 2", nil},
		{"another name", f, "b.lua", a.Text, nil},
		{"one that cannot be written", f, "c.lua", foreign.Text, nil},
		{"one too deep", f, "d.lua", deep.Text, nil},
		{"no file", none, "a.lua", a.Text, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.file.Function(test.unit, test.text); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestDamage cuts a file off everywhere, and changes each byte of it.
func TestDamage(t *testing.T) {
	u := unit(t, "a.lua", "local a, b = ... return function() return a .. 'x' + 1 end")
	good := format([]source.Unit{u}, "build")
	for i := range good {
		if _, err := parse(good[:i], "build"); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut off at %d: %v", i, err)
		}
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if _, err := parse(bad, "build"); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d is another: %v", i, err)
		}
	}
	if _, err := parse(good, "another build"); !errors.Is(err, ErrOtherBuild) {
		t.Errorf("of another build: %v", err)
	}
}

// TestOpen has files in the place of ours that are not to be read.
func TestOpen(t *testing.T) {
	u := unit(t, "a.lua", "return 1")
	make := func(mode os.FileMode, what func(path string)) func(path string) {
		return func(path string) {
			if err := Write(path, []source.Unit{u}); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if what != nil {
				what(path)
			}
		}
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, want string
		make       func(path string)
	}{
		{"ours", "", make(0o600, nil)},
		{"one that others may read", "", make(0o644, nil)},
		{"none", "no such file", func(string) {}},
		{"one that the group may write to", "others can write to it", make(0o620, nil)},
		{"one that all may write to", "others can write to it", make(0o602, nil)},
		{"a symbolic link to ours", "symbolic link", make(0o600, func(path string) {
			must(os.Rename(path, path+".real"))
			must(os.Symlink(path+".real", path))
		})},
		{"a folder", "no regular file", func(path string) { must(os.Mkdir(path, 0o700)) }},
		{"a pipe that nobody writes to", "no regular file", func(path string) { must(syscall.Mkfifo(path, 0o600)) }},
		{"an empty one", ErrDamaged.Error(), func(path string) { must(os.WriteFile(path, nil, 0o600)) }},
		{"something else", ErrDamaged.Error(), func(path string) { must(os.WriteFile(path, []byte("return {}"), 0o600)) }},
		{"a huge one", "has more than 64 MiB", make(0o600, func(path string) { must(os.Truncate(path, maxFile+1)) })},
		{"one of another build", ErrOtherBuild.Error(), func(path string) {
			must(os.WriteFile(path, format([]source.Unit{u}, "another"), 0o600))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bytecode")
			test.make(path)
			f, err := Open(path)
			if test.want == "" {
				if err != nil || f.Function(u.Name, u.Text) == nil {
					t.Errorf("it is not read: %v", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestOfAnotherUser gives the file away, which takes root.
func TestOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := filepath.Join(t.TempDir(), "bytecode")
	if err := Write(path, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 65534, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "others can write to it") {
		t.Errorf("got %v", err)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bytecode")
	a, b := unit(t, "a.lua", "return 1"), unit(t, "b.lua", "return 2")
	for _, units := range [][]source.Unit{{a}, {b}} {
		if err := Write(path, units); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Open(path)
	if err != nil || f.Function(a.Name, a.Text) != nil || f.Function(b.Name, b.Text) == nil {
		t.Errorf("the second does not stand in the place of the first: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := Write(filepath.Join(dir, "none", "bytecode"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without its folder: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"folder", "pipe"} {
		if err := Write(filepath.Join(dir, other), nil); err == nil {
			t.Error("it has replaced a " + other)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*"+newSuffix)); err != nil || len(left) > 0 {
		t.Errorf("%q are left behind, %v", left, err)
	}
}

// TestWriteOfAnother has a process before begun to write, which may be at it
// still, or gone.
func TestWriteOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bytecode")
	u := unit(t, "a.lua", "return 1")
	if err := os.WriteFile(path+newSuffix, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []source.Unit{u}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what another one writes was taken: %v", err)
	}
	const long = abandoned + 10*time.Second
	for _, begun := range []time.Time{time.Now().Add(-long), time.Now().Add(long)} { // the clock may have been set back
		if err := os.WriteFile(path+newSuffix, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path+newSuffix, begun, begun); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, []source.Unit{u}); err != nil {
			t.Fatal(err)
		}
		if f, err := Open(path); err != nil || f.Function(u.Name, u.Text) == nil {
			t.Errorf("it is not there: %v", err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestThisBuild knows that gopher-lua has what setNames sets, and which build
// this is.
func TestThisBuild(t *testing.T) {
	if !hasNames || names.Type != reflect.TypeFor[[]string]() {
		t.Fatalf("gopher-lua keeps names in another way: %v", names)
	}
	id, err := buildID()
	if err != nil || len(id) < 20 {
		t.Errorf("%q, %v", id, err)
	}
}

// FuzzParse reads files whose sum is right and whose content is not, and takes
// all functions out of them.
func FuzzParse(f *testing.F) {
	good := format([]source.Unit{unit(f, "a.lua", "local a = ... return function(b) return a.x, b:y(1, nil) end")}, "")
	f.Add(good[len(magic)+4:])
	f.Add([]byte{})
	f.Add(append([]byte{0, 2}, "\xff\xff\xff\xff\x07\xff\xff\xff\xff\x07"...)) // two texts of 2 GiB
	f.Fuzz(takeAll)
}

// takeAll reads a file of which all but its sum is given, and takes all functions
// out of it. What can be read has to be what could be written.
func takeAll(t *testing.T, rest []byte) {
	data := binary.LittleEndian.AppendUint32([]byte(magic), crc32.Checksum(rest, castagnoli))
	file, err := parse(append(data, rest...), "")
	if err != nil {
		return
	}
	for id, body := range file.bodies {
		d := decoder{data: body, texts: file.texts}
		p := d.function(0)
		if d.failed {
			continue
		}
		e := encoder{numbers: map[string]int{}}
		if e.function(p, 0); e.failed {
			t.Errorf("%s can be read and not be written", id.name)
		}
	}
}

// TestOdd is FuzzParse with inputs that are always the same: each byte is another
// one, or a number that is too large.
func TestOdd(t *testing.T) {
	u := unit(t, "a.lua", "local a = ... return function(b) return a.x, b:y(1, nil) end")
	good := format([]source.Unit{u}, "")[len(magic)+4:]
	for i := range good {
		for _, odd := range []string{"", "\x00", "\x01", "\x7f", "\xff", "\xff\xff\xff\xff\x07", strings.Repeat("\xff", 9) + "\x01", strings.Repeat("\xff", 11)} {
			takeAll(t, slices.Concat(good[:i], []byte(odd), good[i+1:]))
		}
	}
	f, err := parse(format([]source.Unit{u}, "x"), "x")
	if err != nil {
		t.Fatal(err)
	}
	for id, body := range f.bodies {
		for i := range body {
			f.bodies[id] = body[:i]
			if f.Function(u.Name, u.Text) != nil {
				t.Errorf("a function is made of %d bytes of %d", i, len(body))
			}
		}
	}
	const empty = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" // a function, but for how many are in it
	deep := strings.Repeat(empty+"\x01", maxDepth+1) + empty + "\x00"
	d := decoder{data: []byte(deep), texts: &texts{[]string{""}, []lua.LValue{lua.LString("")}}}
	if d.function(0); !d.failed {
		t.Error("functions stand in each other without end")
	}
}

// FuzzRoundTrip compiles what it is given, and wants it back.
func FuzzRoundTrip(f *testing.F) {
	for _, u := range scripts(f, "") {
		f.Add(u.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, function, problem := source.Compile("a.lua", text)
		if problem != nil {
			return
		}
		u := source.Unit{Name: "a.lua", Text: text, Function: function}
		data := format([]source.Unit{u}, "")
		file, err := parse(data, "")
		if err != nil {
			t.Fatal(err)
		}
		got := file.Function(u.Name, text)
		if got == nil {
			if len(file.bodies) > 0 {
				t.Fatal("it was written and cannot be read")
			}
			return // it was left out
		}
		again := format([]source.Unit{{Name: u.Name, Text: text, Function: got}}, "")
		if !bytes.Equal(again, data) { // a constant may be no number, which equals nothing
			t.Error("it has changed")
		}
	})
}

// BenchmarkFunction takes irc.lua out of a file, BenchmarkCompile compiles it.
func BenchmarkFunction(b *testing.B) {
	units := scripts(b, "scripts/irc/")
	data := format(units, "")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		f, err := parse(data, "")
		if err != nil {
			b.Fatal(err)
		}
		for _, u := range units {
			if f.Function(u.Name, u.Text) == nil {
				b.Fatal(u.Name)
			}
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	units := scripts(b, "scripts/irc/")
	for b.Loop() {
		for _, u := range units {
			if _, _, problem := source.Compile(u.Name, u.Text); problem != nil {
				b.Fatal(problem)
			}
		}
	}
}
