package record

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/pb"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/schema"
)

// Defaults of Options.
const (
	defaultMaxSize  = 64 << 20
	defaultMaxQueue = 8 << 20
)

// closeTime is how long Close waits for a slow disk.
const closeTime = time.Second

// keptBuffer is the largest buffer that is kept for reuse.
const keptBuffer = 1 << 20

// Options are the settings of a Recorder. Path and Log are required.
type Options struct {
	// Path is the name of the file. An existing file is extended. If another
	// process writes the file, this one adds a number to the name.
	Path string
	// MaxSize is the size in bytes at which a file is renamed to Path.1, which
	// replaces an older one; the default is 64 MiB.
	MaxSize int64
	// MaxQueue is the number of bytes that may wait to be written before messages
	// are lost; the default is 8 MiB.
	MaxQueue int
	// Header describes the run. Open sets the format's version, the time and the
	// part.
	Header Header
	// Secrets are the secrets of the process, such as those in its config.
	Secrets []string
	// Log receives the file's name, and the reason if the record ends early.
	Log logrus.FieldLogger
}

// Recorder writes a record. It is safe for concurrent use, and only Open and Close
// wait for the disk. An error ends the record with a line in the log.
//
// The record contains no secrets. The Recorder masks fields that hold one by the
// protocol (passwords, answers to a registration form), settings with names such as
// password, and passwords in raw XML. It also masks each secret of a user that it
// has seen in other texts of that user's messages, in any encoding that package
// secret knows.
type Recorder struct {
	opts  Options
	start time.Time
	path  string // the path of the file
	file  file   // used by the writing goroutine, like enc
	enc   encoder
	wake  chan struct{}
	done  chan struct{}

	mu     sync.Mutex
	queue  []item
	data   []byte // the payloads of queue, concatenated
	lost   int    // messages dropped since the last item in queue
	closed bool   // no more items are accepted
}

// item is an entry of the queue.
type item struct {
	at    time.Duration
	event *event // nil: a message
	out   bool
	typ   pb.WrapperMessage_Type
	size  int // of the payload in data; -1: no payload
}

// event is a line that is not a message.
type event struct {
	Event      string `json:"event"`
	Generation int    `json:"generation,omitempty"`
	SHA256     string `json:"sha256,omitempty"`
	Error      string `json:"error,omitempty"`
	Messages   int    `json:"messages,omitempty"`
}

// Open opens the file and begins a run. The caller must call Close.
func Open(o Options) (*Recorder, error) {
	if o.MaxSize <= 0 {
		o.MaxSize = defaultMaxSize
	}
	if o.MaxQueue <= 0 {
		o.MaxQueue = defaultMaxQueue
	}
	r := &Recorder{opts: o, start: time.Now(), wake: make(chan struct{}, 1), done: make(chan struct{})}
	r.enc.known.Learn("", o.Secrets...)
	r.file = file{wanted: o.Path, max: o.MaxSize, header: r.header}
	if err := r.file.open(); err != nil {
		r.file.close()
		return nil, fmt.Errorf("the record cannot be written: %w", err)
	}
	r.path = r.file.path
	o.Log.Warnf("all messages from and to the script are recorded in %s, with the texts that users write ([lua] record)", r.path)
	go r.run()
	return r, nil
}

func (r *Recorder) header(part int) []byte {
	h := r.opts.Header
	h.Record, h.Time, h.Part = formatVersion, r.start.UTC().Truncate(time.Millisecond), part
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // impossible: all fields can be encoded
	}
	return append(text, '\n')
}

// In records a message from Spectrum. payload is nil if the message has no payload.
func (r *Recorder) In(typ pb.WrapperMessage_Type, payload []byte) { r.message(false, typ, payload) }

// Out records a message to Spectrum. payload is nil if the message has no payload.
func (r *Recorder) Out(typ pb.WrapperMessage_Type, payload []byte) { r.message(true, typ, payload) }

// Loaded records that a script has been loaded, with the beginning of its hash.
func (r *Recorder) Loaded(generation int, sha256 string) {
	r.push(item{event: &event{Event: EventLoaded, Generation: generation, SHA256: sha256}}, nil)
}

// Failed records that a script has failed to load.
func (r *Recorder) Failed(err error) {
	r.push(item{event: &event{Event: EventFailed, Error: err.Error()}}, nil)
}

func (r *Recorder) message(out bool, typ pb.WrapperMessage_Type, payload []byte) {
	i := item{out: out, typ: typ, size: len(payload)}
	if payload == nil {
		i.size = -1
	}
	r.push(i, payload)
}

// push queues an item, or counts it as lost.
func (r *Recorder) push(i item, payload []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pushLocked(i, payload)
}

func (r *Recorder) pushLocked(i item, payload []byte) {
	if r.closed {
		return
	}
	i.at = time.Since(r.start)
	if len(r.queue) > 0 && i.event == nil && len(r.data)+len(payload)+itemSize*len(r.queue) > r.limit(i.typ) {
		r.lost++
		return
	}
	r.flushLost()
	r.queue = append(r.queue, i)
	r.data = append(r.data, payload...)
	r.signal()
}

// itemSize is the size of an item besides its payload.
const itemSize = 64

// limit returns the number of bytes in the queue from which a message of that type
// is dropped. It is higher for messages with secrets: the Recorder must know a secret to
// mask it in later messages.
func (r *Recorder) limit(number pb.WrapperMessage_Type) int {
	if typ := schema.TypeByNumber(number); typ != nil && typ.Payload != nil &&
		slices.ContainsFunc(typ.Payload.Fields, func(f *schema.Field) bool { return f.Secret }) {
		return 2 * r.opts.MaxQueue
	}
	return r.opts.MaxQueue
}

// flushLost queues the number of lost messages before the next item. r.mu is held.
func (r *Recorder) flushLost() {
	if r.lost > 0 {
		r.queue = append(r.queue, item{at: time.Since(r.start), event: &event{Event: EventLost, Messages: r.lost}})
		r.lost = 0
	}
}

func (r *Recorder) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Close ends the run and waits until it is written, at most a second.
func (r *Recorder) Close() {
	r.mu.Lock()
	if !r.closed {
		r.flushLost()
		r.queue = append(r.queue, item{at: time.Since(r.start), event: &event{Event: EventEnd}})
		r.closed = true
	}
	r.mu.Unlock()
	r.signal()
	late := time.NewTimer(closeTime)
	defer late.Stop()
	select {
	case <-r.done:
	case <-late.C:
		r.opts.Log.Warnf("the record %s could not be completed within %v: its end is missing", r.path, closeTime)
	}
}

// run is the writing goroutine.
func (r *Recorder) run() {
	defer crash.Guard()
	defer close(r.done)
	defer r.file.close()
	var queue []item
	var data, lines []byte
	for {
		<-r.wake
		r.mu.Lock()
		queue, r.queue = r.queue, queue[:0]
		data, r.data = r.data, data[:0]
		closed := r.closed
		r.mu.Unlock()
		var err error
		if lines, err = r.write(lines[:0], queue, data); err != nil {
			r.giveUp(err)
			return
		}
		if closed {
			return
		}
		clear(queue)
		queue, data, lines = spare(queue), spare(data), spare(lines)
	}
}

// spare returns an empty buffer for reuse, unless it has grown too big.
func spare[T any](buffer []T) []T {
	if cap(buffer) > keptBuffer {
		return nil
	}
	return buffer[:0]
}

// giveUp ends the record. Later messages are ignored.
func (r *Recorder) giveUp(err error) {
	r.mu.Lock()
	r.closed, r.queue, r.data = true, nil, nil
	r.mu.Unlock()
	r.opts.Log.Errorf("the record %s ends here, everything else continues: %v", r.path, err)
}

// write writes the queued items. An item that cannot be encoded is an error like
// one of the disk, so that the record never disturbs the rest of the program.
func (r *Recorder) write(lines []byte, queue []item, data []byte) (_ []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	for _, i := range queue {
		if len(lines) > keptBuffer {
			if err := r.file.write(lines); err != nil {
				return lines, err
			}
			lines = lines[:0]
		}
		var payload []byte
		if i.size >= 0 {
			payload, data = data[:i.size:i.size], data[i.size:]
			if payload == nil {
				payload = []byte{} // empty, but not absent
			}
		}
		if lines, err = r.line(lines, i, payload); err != nil {
			return lines, err
		}
	}
	if len(lines) == 0 {
		return lines, nil
	}
	return lines, r.file.write(lines)
}

// line appends one line.
func (r *Recorder) line(dst []byte, i item, payload []byte) ([]byte, error) {
	dst = append(dst, `{"t":`...)
	dst = strconv.AppendFloat(dst, i.at.Seconds(), 'f', 3, 64)
	if i.event != nil {
		i.event.Error = r.enc.known.Hide(i.event.Error)
		text, err := json.Marshal(i.event)
		if err != nil {
			return dst, err
		}
		return append(append(append(dst, ','), text[1:]...), '\n'), nil
	}
	dir := dirIn
	if i.out {
		dir = dirOut
	}
	dst = append(append(append(dst, `,"dir":"`...), dir...), `","type":`...)
	dst = appendText(dst, TypeName(i.typ))
	dst = r.enc.body(dst, i.typ, payload)
	return append(dst, '}', '\n'), nil
}
