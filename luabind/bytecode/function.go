package bytecode

import (
	"encoding/binary"
	"math"
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// maxDepth is how deep functions may stand in each other.
const maxDepth = 1000

// Kinds of constants.
const (
	constantText = iota
	constantNumber
)

// encoder writes functions down. A text is written once, and then referred to by
// its number.
type encoder struct {
	data    []byte
	texts   []string
	numbers map[string]int
	failed  bool // there is something that cannot be written
}

func (e *encoder) number(n int) {
	if n < 0 {
		e.failed = true
	}
	e.data = binary.AppendUvarint(e.data, uint64(n))
}

func (e *encoder) text(s string) {
	n, ok := e.numbers[s]
	if !ok {
		n = len(e.texts)
		e.numbers[s] = n
		e.texts = append(e.texts, s)
	}
	e.number(n)
}

func (e *encoder) writeTexts() {
	e.number(len(e.texts))
	for _, s := range e.texts {
		e.number(len(s))
	}
	for _, s := range e.texts {
		e.data = append(e.data, s...)
	}
}

func (e *encoder) function(p *lua.FunctionProto, depth int) {
	if depth > maxDepth {
		e.failed = true
		return
	}
	e.text(p.SourceName)
	e.number(p.LineDefined)
	e.number(p.LastLineDefined)
	e.data = append(e.data, p.NumUpvalues, p.NumParameters, p.IsVarArg, p.NumUsedRegisters)
	e.number(len(p.Code))
	for _, instruction := range p.Code {
		e.data = binary.LittleEndian.AppendUint32(e.data, instruction)
	}
	e.number(len(p.Constants))
	for _, c := range p.Constants {
		e.constant(c)
	}
	e.number(len(p.DbgSourcePositions))
	before := 0
	for _, line := range p.DbgSourcePositions {
		e.data = binary.AppendVarint(e.data, int64(line-before))
		before = line
	}
	e.number(len(p.DbgLocals))
	for _, l := range p.DbgLocals {
		e.text(l.Name)
		e.number(l.StartPc)
		e.number(l.EndPc)
	}
	e.number(len(p.DbgCalls))
	for _, c := range p.DbgCalls {
		e.text(c.Name)
		e.number(c.Pc)
	}
	e.number(len(p.DbgUpvalues))
	for _, name := range p.DbgUpvalues {
		e.text(name)
	}
	e.number(len(p.FunctionPrototypes))
	for _, inner := range p.FunctionPrototypes {
		e.function(inner, depth+1)
	}
}

func (e *encoder) constant(c lua.LValue) {
	switch c := c.(type) {
	case lua.LString:
		e.data = append(e.data, constantText)
		e.text(string(c))
	case lua.LNumber:
		e.data = append(e.data, constantNumber)
		e.data = binary.LittleEndian.AppendUint64(e.data, math.Float64bits(float64(c)))
	default:
		e.failed = true
	}
}

// texts are the texts of a file, as strings and as Lua's values.
type texts struct {
	strings []string
	values  []lua.LValue
}

// decoder reads what an encoder has written. Once it has failed, what it returns
// means nothing.
type decoder struct {
	data   []byte
	texts  *texts
	failed bool
}

// fail notes that the data are not what an encoder has written.
func (d *decoder) fail() { d.data, d.failed = nil, true }

func (d *decoder) number() int {
	if len(d.data) > 0 && d.data[0] < 0x80 {
		n := int(d.data[0])
		d.data = d.data[1:]
		return n
	}
	n, size := binary.Uvarint(d.data)
	if size <= 0 || n > math.MaxInt32 {
		d.fail()
		return 0
	}
	d.data = d.data[size:]
	return int(n)
}

// count is how many things follow, each of which takes so many bytes at least.
func (d *decoder) count(size int) int {
	n := d.number()
	if n > len(d.data)/size {
		d.fail()
		return 0
	}
	return n
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.data) {
		d.fail()
		return nil
	}
	b := d.data[:n:n]
	d.data = d.data[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) readTexts() *texts {
	n := d.count(1)
	sizes := make([]int, n)
	total := 0
	for i := range sizes {
		sizes[i] = d.count(1)
		if total += sizes[i]; total > len(d.data) { // before it overflows where an int is small
			d.fail()
		}
	}
	all := string(d.bytes(total))
	t := &texts{make([]string, n), make([]lua.LValue, n)}
	if d.failed {
		return t
	}
	for i, size := range sizes {
		t.strings[i], all = all[:size], all[size:]
		t.values[i] = lua.LString(t.strings[i])
	}
	return t
}

// textNumber is the number of a text that there is.
func (d *decoder) textNumber() int {
	n := d.number()
	if n >= len(d.texts.strings) {
		d.fail()
		return -1
	}
	return n
}

func (d *decoder) text() string {
	if n := d.textNumber(); n >= 0 {
		return d.texts.strings[n]
	}
	return ""
}

func (d *decoder) function(depth int) *lua.FunctionProto {
	p := &lua.FunctionProto{}
	if depth > maxDepth {
		d.fail()
		return p
	}
	p.SourceName = d.text()
	p.LineDefined = d.number()
	p.LastLineDefined = d.number()
	p.NumUpvalues, p.NumParameters, p.IsVarArg, p.NumUsedRegisters = d.byte(), d.byte(), d.byte(), d.byte()
	p.Code = make([]uint32, d.count(4))
	for i, code := 0, d.bytes(4*len(p.Code)); i < len(p.Code) && !d.failed; i++ {
		p.Code[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	p.Constants = make([]lua.LValue, d.count(2))
	named := make([]string, len(p.Constants))
	for i := range p.Constants {
		p.Constants[i], named[i] = d.constant()
	}
	setNames(p, named)
	p.DbgSourcePositions = make([]int, d.count(1))
	before := 0
	for i := range p.DbgSourcePositions {
		before += d.difference()
		p.DbgSourcePositions[i] = before
	}
	locals := make([]lua.DbgLocalInfo, d.count(3))
	p.DbgLocals = make([]*lua.DbgLocalInfo, len(locals))
	for i := range locals {
		locals[i] = lua.DbgLocalInfo{Name: d.text(), StartPc: d.number(), EndPc: d.number()}
		p.DbgLocals[i] = &locals[i]
	}
	p.DbgCalls = make([]lua.DbgCall, d.count(2))
	for i := range p.DbgCalls {
		p.DbgCalls[i] = lua.DbgCall{Name: d.text(), Pc: d.number()}
	}
	p.DbgUpvalues = make([]string, d.count(1))
	for i := range p.DbgUpvalues {
		p.DbgUpvalues[i] = d.text()
	}
	p.FunctionPrototypes = make([]*lua.FunctionProto, d.count(1))
	for i := range p.FunctionPrototypes {
		p.FunctionPrototypes[i] = d.function(depth + 1)
	}
	return p
}

// difference is a number that may be negative.
func (d *decoder) difference() int {
	n, size := binary.Varint(d.data)
	if size <= 0 || n != int64(int32(n)) {
		d.fail()
		return 0
	}
	d.data = d.data[size:]
	return int(n)
}

// constant is a constant, and what it is as a name.
func (d *decoder) constant() (lua.LValue, string) {
	switch d.byte() {
	case constantText:
		if n := d.textNumber(); n >= 0 {
			return d.texts.values[n], d.texts.strings[n]
		}
	case constantNumber:
		if b := d.bytes(8); b != nil {
			return lua.LNumber(math.Float64frombits(binary.LittleEndian.Uint64(b))), ""
		}
	}
	d.fail()
	return lua.LNil, ""
}

// names is where a function keeps its constants as names, "" for those that are
// no texts: gopher-lua does not let others set that.
var names, hasNames = reflect.TypeFor[lua.FunctionProto]().FieldByName("stringConstants")

func setNames(p *lua.FunctionProto, texts []string) {
	*(*[]string)(unsafe.Add(unsafe.Pointer(p), names.Offset)) = texts
}
