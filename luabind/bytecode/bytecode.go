// Package bytecode keeps compiled Lua functions in a file, so that the next
// process which runs the same script need not compile it.
//
// What is in the file is run as it is: only its own user may be able to write to
// it, which Open sees to. It holds for one build of this program: another one
// may compile in another way.
package bytecode

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"spectrumlua/luabind/source"
)

// magic begins each file; what follows is in this order:
//
//	crc32 (Castagnoli) of the rest  4 bytes, little-endian
//	the build                       a length and bytes
//	the texts                       their number, their lengths, their bytes
//	the units                       their number; for each of them its name (a
//	                                text), the SHA-256 of its source, its size
//	their functions                 see function.go
//
// Lengths and numbers are varints as encoding/binary writes them.
const magic = "spectrum2-lua bytecode 1\n"

// maxFile is how long a file may be that is read: some hundred times what a
// large script takes.
const maxFile = 64 << 20

// Errors of Open, beside those of the system.
var (
	ErrOtherBuild = errors.New("it was written by another build of this program")
	ErrDamaged    = errors.New("it is damaged")
)

// id is what a unit is found by.
type id struct {
	name string
	sum  [sha256.Size]byte
}

// File is what Open has read. Its methods may be called from any goroutine.
type File struct {
	texts  *texts
	bodies map[id][]byte
}

// Open reads the file at path. The error says why it cannot be used, which hurts
// nobody: the sources are still there.
func Open(path string) (*File, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	build, err := buildID()
	if err != nil {
		return nil, err
	}
	return parse(data, build)
}

// read reads a file that nobody else can have written.
func read(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var stat unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &stat); err != nil {
		return nil, err
	}
	switch {
	case stat.Mode&unix.S_IFMT != unix.S_IFREG:
		return nil, errors.New("it is no regular file")
	case int(stat.Uid) != os.Geteuid() || stat.Mode&0o022 != 0:
		return nil, errors.New("others can write to it")
	case stat.Size > maxFile:
		return nil, fmt.Errorf("it has more than %d MiB", maxFile>>20)
	}
	data := make([]byte, stat.Size)
	_, err = io.ReadFull(f, data)
	return data, err
}

// parse reads what was written by a build of this program.
func parse(data []byte, build string) (*File, error) {
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok || len(rest) < 4 {
		return nil, ErrDamaged
	}
	sum, rest := binary.LittleEndian.Uint32(rest), rest[4:]
	if crc32.Checksum(rest, castagnoli) != sum {
		return nil, ErrDamaged
	}
	d := decoder{data: rest}
	if string(d.bytes(d.count(1))) != build {
		return nil, ErrOtherBuild
	}
	d.texts = d.readTexts()
	f := &File{texts: d.texts, bodies: map[id][]byte{}}
	type place struct {
		id   id
		size int
	}
	places := make([]place, d.count(sha256.Size))
	for i := range places {
		places[i].id.name = d.text()
		copy(places[i].id.sum[:], d.bytes(sha256.Size))
		places[i].size = d.number()
	}
	for _, p := range places {
		f.bodies[p.id] = d.bytes(p.size)
	}
	if d.failed {
		return nil, ErrDamaged
	}
	return f, nil
}

// Function is the compiled function of a source, or nil if it is not there. Each
// call makes a new one. Nil has none.
func (f *File) Function(name, text string) *lua.FunctionProto {
	if f == nil {
		return nil
	}
	body, ok := f.bodies[id{name, sha256.Sum256([]byte(text))}]
	if !ok {
		return nil
	}
	d := decoder{data: body, texts: f.texts}
	p := d.function(0)
	if d.failed {
		return nil
	}
	return p
}

// Write replaces the file at path, from one moment to the next, by one of these
// units. Others are not to read it. What cannot be written down is left out.
// While another process is at it, it is left to that one. What is no regular file
// is not replaced.
func Write(path string, units []source.Unit) error {
	build, err := buildID()
	if err != nil {
		return err
	}
	f, err := create(path + newSuffix)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(format(units, build))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = replace(path, f.Name())
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// newSuffix is that of a file which is being written.
const newSuffix = ".new"

// abandoned is how old such a file is when the process that began it is gone.
const abandoned = time.Minute

// create makes a file that nobody is writing yet.
func create(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && time.Since(info.ModTime()).Abs() > abandoned {
		_ = os.Remove(path)
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// replace puts a file into the place of an older one, and not of a device such as
// /dev/null, which root could replace as well.
func replace(path, by string) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	return os.Rename(by, path)
}

// format is the content of a file.
func format(units []source.Unit, build string) []byte {
	var index, bodies []byte
	e := encoder{numbers: map[string]int{}}
	n := 0
	for _, u := range units {
		e.data = nil
		if e.function(u.Function, 0); e.failed {
			e.failed = false
			continue
		}
		n++
		bodies = append(bodies, e.data...)
		size := len(e.data)
		sum := sha256.Sum256([]byte(u.Text))
		e.data = index
		e.text(u.Name)
		e.data = append(e.data, sum[:]...)
		e.number(size)
		index = e.data
	}
	e.data = nil
	e.number(len(build))
	e.data = append(e.data, build...)
	e.writeTexts()
	e.number(n)
	e.data = append(append(e.data, index...), bodies...)
	data := binary.LittleEndian.AppendUint32([]byte(magic), crc32.Checksum(e.data, castagnoli))
	return append(data, e.data...)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
