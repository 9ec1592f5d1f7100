package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// maxLine is the maximum length of a line. It is long enough for an escaped frame of
// the maximum length.
const maxLine = 256 << 20

// Homes of a script. Under Spectrum, a message that Spectrum's protocol cannot express is in
// the record as what Spectrum received instead.
const (
	HomeSpectrum = "spectrum"
	HomeServe    = "serve"
)

// Header is the first line of a run.
type Header struct {
	Record  int       `json:"record"` // the format's version
	Time    time.Time `json:"time"`
	Version string    `json:"version"` // of the program
	JID     string    `json:"jid"`
	Backend string    `json:"backend,omitempty"` // service.backend_id
	PID     int       `json:"pid"`
	Config  string    `json:"config"` // the config file's path
	Script  string    `json:"script"` // the script's path
	// Home is HomeSpectrum or HomeServe, or "" in a record of version 0.1: then the messages
	// of the script are as it has sent them.
	Home string `json:"home,omitempty"`
	// Part is the number of the file within a run, from 1. A file that grows too
	// big is renamed, and the run continues in a new one.
	Part int `json:"part"`
}

// Entry is one line of a run: a message or an event.
type Entry struct {
	// Name and Line are the position of the entry.
	Name string
	Line int
	// Time is the time since the beginning of the run.
	Time time.Duration
	// Event is "" for a message.
	Event      string
	Generation int    // of EventLoaded
	SHA256     string // of EventLoaded: the beginning of the script's
	Error      string // of EventFailed
	Messages   int    // of EventLost

	// Out is true for a message from the backend, false for one from Spectrum.
	Out     bool
	Type    pb.WrapperMessage_Type
	Payload []byte
	// LeftOut is true if the record does not contain the payload.
	LeftOut bool
}

// User returns the user that a message names, or "".
func (e Entry) User() string {
	typ := schema.TypeByNumber(e.Type)
	if e.Event != "" || typ == nil {
		return ""
	}
	return string(typ.UserOf(e.Payload))
}

// Where returns the position of the entry in the format of errors.
func (e Entry) Where() string { return fmt.Sprintf("%s:%d", e.Name, e.Line) }

// Run is the record of one process.
type Run struct {
	Header Header
	// Name and Line are the position of the header.
	Name    string
	Line    int
	Entries []Entry
	// Whole is true if the run has an end. Otherwise the process was killed, or the
	// recorder gave up.
	Whole bool
}

// join combines two parts of a run, and reports whether they belong to the same
// run.
func join(before, after Run) (Run, bool) {
	a, b := before.Header, after.Header
	if !a.Time.Equal(b.Time) || a.PID != b.PID || a.JID != b.JID || a.Part+1 != b.Part {
		return Run{}, false
	}
	before.Entries = append(before.Entries[:len(before.Entries):len(before.Entries)], after.Entries...)
	before.Whole = after.Whole
	return before, true
}

// ReadFile reads the record in a file. If its first run began in a file that was
// renamed because it grew too big, ReadFile reads that part too.
func ReadFile(path string) ([]Run, error) {
	runs, err := readFile(path)
	if err != nil || runs[0].Header.Part == 1 {
		return runs, err
	}
	before, err := readFile(aside(path))
	if err != nil {
		return runs, nil //nolint:nilerr // the older part is missing, or belongs to another run
	}
	if whole, ok := join(before[len(before)-1], runs[0]); ok {
		runs[0] = whole
	}
	return runs, nil
}

func readFile(path string) ([]Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the record cannot be read: %w", err)
	}
	defer f.Close()
	return Read(path, f)
}

// Error is a problem in a record, with its position.
type Error struct {
	Name string
	Line int
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err) }

// Unwrap returns the underlying error.
func (e *Error) Unwrap() error { return e.Err }

// Read reads a record. name is the name in errors. A truncated last line is
// expected if the process was killed. Read returns an *Error, or the error of r.
func Read(name string, r io.Reader) ([]Run, error) {
	lines := reader{r: bufio.NewReaderSize(r, 64<<10)}
	c := collector{name: name}
	for number := 1; ; number++ {
		text, whole, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return c.result()
		case errors.Is(err, errTooLong):
			return nil, &Error{name, number, err}
		case err != nil:
			return nil, fmt.Errorf("%s cannot be read: %w", name, err)
		case len(bytes.TrimSpace(text)) == 0:
			continue
		}
		if err := c.line(number, text, whole); err != nil {
			return nil, err
		}
	}
}

// collector groups lines into runs.
type collector struct {
	name   string
	runs   []Run
	broken *Error // an invalid line; it is ignored if a header follows, because the process was killed then
}

// result returns the runs that have been read.
func (c *collector) result() ([]Run, error) {
	switch {
	case c.broken != nil:
		return nil, c.broken
	case len(c.runs) == 0:
		return nil, &Error{c.name, 1, errors.New("the record is empty")}
	}
	return c.runs, nil
}

// line handles the next line. whole is true if the line ends with a newline.
func (c *collector) line(number int, text []byte, whole bool) error {
	var l line
	err := l.read(text)
	switch {
	case c.broken != nil && (err != nil || l.Record == 0):
		return c.broken
	case err != nil && len(c.runs) == 0:
		return &Error{c.name, number, err}
	case err != nil:
		if whole {
			c.broken = &Error{c.name, number, err}
		}
		return nil
	case l.Record > formatVersion:
		return &Error{c.name, number, fmt.Errorf("this record was made by a newer program, spectrum2-lua %s", l.Version)}
	case l.Record != 0:
		c.broken = nil
		c.runs = append(c.runs, Run{Header: l.Header, Name: c.name, Line: number})
		return nil
	case len(c.runs) == 0:
		return &Error{c.name, number, errors.New("a record begins with a header, as in {\"record\":1,…}")}
	}
	entry, err := l.entry()
	if err != nil {
		return &Error{c.name, number, err}
	}
	entry.Name, entry.Line = c.name, number
	run := &c.runs[len(c.runs)-1]
	run.Entries = append(run.Entries, entry)
	run.Whole = entry.Event == EventEnd
	return nil
}

// line is any line of a record, decoded.
type line struct {
	Header
	T          float64         `json:"t"`
	Event      string          `json:"event"`
	Generation int             `json:"generation"`
	SHA256     string          `json:"sha256"`
	Error      string          `json:"error"`
	Messages   int             `json:"messages"`
	Dir        string          `json:"dir"`
	Type       string          `json:"type"`
	Fields     json.RawMessage `json:"fields"`
	Payload    json.RawMessage `json:"payload"`
	LeftOut    *int            `json:"left_out"`
}

func (l *line) read(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("the line is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(l)
	if err == nil && decoder.More() {
		err = errors.New("more text follows the object")
	}
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the line is not a JSON object: %w", err)
	case errors.As(err, &typ):
		return fmt.Errorf("%s must not be a %s", typ.Field, typ.Value)
	case err != nil:
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// events are the events that this version knows.
var events = []string{EventLoaded, EventFailed, EventLost, EventEnd}

// entry returns the entry of a line that is not a header.
func (l *line) entry() (Entry, error) {
	const longest = float64(math.MaxInt64 / int64(time.Second))
	if l.T < 0 || l.T >= longest {
		return Entry{}, fmt.Errorf("t must be a number of seconds since the start of the run, not %v", l.T)
	}
	e := Entry{
		Time:  time.Duration(l.T * float64(time.Second)),
		Event: l.Event, Generation: l.Generation, SHA256: l.SHA256, Error: l.Error, Messages: l.Messages,
	}
	if l.Event != "" {
		for _, known := range events {
			if l.Event == known {
				return e, nil
			}
		}
		return Entry{}, unknown("event", l.Event, events)
	}
	switch l.Dir {
	case dirIn:
	case dirOut:
		e.Out = true
	default:
		return Entry{}, fmt.Errorf("dir is %q; it must be %q (to the backend) or %q (to Spectrum)", l.Dir, dirIn, dirOut)
	}
	var err error
	if e.Type, err = typeNumber(l.Type); err != nil {
		return Entry{}, err
	}
	e.LeftOut = l.LeftOut != nil
	switch {
	case l.Fields != nil:
		typ := schema.TypeByNumber(e.Type)
		if typ == nil {
			return Entry{}, fmt.Errorf("the type %d is unknown, so it cannot have fields", e.Type)
		}
		e.Payload, err = encodePayload(typ, l.Fields)
	case l.Payload != nil:
		e.Payload, err = readBytes(l.Payload)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("%s: %w", l.Type, err)
	}
	return e, nil
}

var errTooLong = fmt.Errorf("the line is longer than %d MB", maxLine>>20)

// reader reads lines.
type reader struct {
	r   *bufio.Reader
	buf []byte
}

// next returns the next line, and reports whether it ends with a newline. The line
// is valid until the next call.
func (r *reader) next() (text []byte, whole bool, err error) {
	r.buf = r.buf[:0]
	for {
		part, err := r.r.ReadSlice('\n')
		r.buf = append(r.buf, part...)
		switch {
		case err == nil:
			return r.buf, true, nil
		case len(r.buf) > maxLine:
			return nil, false, errTooLong
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(r.buf) > 0:
			return r.buf, false, nil
		default:
			return nil, false, err
		}
	}
}
