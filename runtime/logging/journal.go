package logging

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/shorten"
)

// The journal's protocol; see JOURNAL_NATIVE_PROTOCOL in systemd's documentation.
// The well-known library for it has one socket per process at a fixed address, and
// waits for the journal without a limit.
const (
	journalSocket = "/run/systemd/journal/socket"
	// journalIdentifier is the default identifier for journalctl -t.
	journalIdentifier = "spectrum2_lua_backend"
	// journalPattern omits what the journal adds itself.
	journalPattern = "%c: %m%n"
	// journalWait limits the duration of one write.
	journalWait = 100 * time.Millisecond
	// journalBuffer is the size of the send buffer, so that an entry of maxEntry
	// fits into one datagram.
	journalBuffer = 4 * maxEntry
	// shortEntry is the length to which an entry is truncated if the socket rejects
	// it as too long.
	shortEntry = 16 << 10
)

// isJournal reports whether f leads to the journal. systemd names that stream in
// the environment, which Spectrum passes on.
func isJournal(f *os.File) bool {
	device, inode, ok := strings.Cut(os.Getenv("JOURNAL_STREAM"), ":")
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && device == strconv.FormatUint(uint64(stat.Dev), 10) && inode == strconv.FormatUint(stat.Ino, 10) //nolint:unconvert // on some systems Dev is shorter
}

// priorities holds syslog's priorities, by logrus level.
var priorities = [...]byte{
	logrus.PanicLevel: '2', logrus.FatalLevel: '2', logrus.ErrorLevel: '3', logrus.WarnLevel: '4',
	logrus.InfoLevel: '6', logrus.DebugLevel: '7', logrus.TraceLevel: '7',
}

func priority(l logrus.Level) byte {
	if int(l) < len(priorities) {
		return priorities[l]
	}
	return '7'
}

// prefixed adds a prefix such as "<3>" to each line of an entry. The journal reads
// the priority of stream data from it, and treats each line as an entry.
func prefixed(l logrus.Level, entry []byte) []byte {
	var b []byte
	for line := range strings.Lines(string(entry)) {
		b = append(b, '<', priority(l), '>')
		b = append(b, line...)
	}
	return b
}

// Complain writes an error that occurs before the log is open, usually to standard
// error. Its lines have the priority of an error if w leads to the journal.
func Complain(w io.Writer, text string) {
	line := []byte(text + "\n")
	if f, ok := w.(*os.File); ok && isJournal(f) {
		line = prefixed(logrus.ErrorLevel, line)
	}
	_, _ = w.Write(line) // nothing is left to report an error to
}

// journalDest sends entries to the journal, one datagram each, so that entries of
// several lines stay together. Entries that cannot be sent go to the stream, with
// priorities.
type journalDest struct {
	path   string
	stream *os.File
	jid    string
	name   string // the identifier
	conn   *net.UnixConn
	retry  time.Time // when to connect again after a failure
}

// frame encodes an entry for the queue, which only holds bytes.
func (*journalDest) frame(b []byte, r *record, text []byte) []byte {
	user := userOf(r.fields)
	b = append(b, priority(r.level))
	for _, part := range [...]string{r.category, user, strings.TrimRight(string(text), "\n")} {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(part))) //nolint:gosec // bounded by maxEntry
		b = append(b, part...)
	}
	return b
}

// journalEntry is one frame.
type journalEntry struct {
	priority             byte
	category, user, text string
}

func unframe(b []byte) (e journalEntry, rest []byte) {
	e.priority, b = b[0], b[1:]
	for _, part := range [...]*string{&e.category, &e.user, &e.text} {
		n := binary.LittleEndian.Uint32(b)
		*part, b = string(b[4:4+n]), b[4+n:]
	}
	return e, b
}

// write implements dest.
func (d *journalDest) write(entries []byte) {
	for len(entries) > 0 {
		var e journalEntry
		e, entries = unframe(entries)
		if err := d.send(e); err != nil {
			d.divert(e)
		}
	}
}

func (d *journalDest) divert(e journalEntry) {
	var b []byte
	for line := range strings.Lines(e.text + "\n") {
		b = append(b, '<', e.priority, '>')
		b = append(b, line...)
	}
	_, _ = d.stream.Write(b)
}

func (d *journalDest) send(e journalEntry) error {
	if err := d.connect(); err != nil {
		return err
	}
	_ = d.conn.SetWriteDeadline(time.Now().Add(journalWait))
	_, err := d.conn.Write(d.datagram(e))
	if errors.Is(err, syscall.EMSGSIZE) || errors.Is(err, syscall.ENOBUFS) {
		if left := len(e.text) - shortEntry; left > 0 {
			e.text = shorten.Cut(e.text, shortEntry) + fmt.Sprintf("… (%d bytes more)", left)
		}
		_, err = d.conn.Write(d.datagram(e))
	}
	if err != nil {
		d.close()
		d.retry = time.Now().Add(retryEvery)
	}
	return err
}

func (d *journalDest) connect() error {
	if d.conn != nil {
		return nil
	}
	if time.Now().Before(d.retry) {
		return errors.ErrUnsupported
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: d.path, Net: "unixgram"})
	if err != nil {
		d.retry = time.Now().Add(retryEvery)
		return err
	}
	_ = conn.SetWriteBuffer(journalBuffer) // otherwise long entries are truncated
	d.conn = conn
	return nil
}

func (d *journalDest) datagram(e journalEntry) []byte {
	var b []byte
	field := func(name, value string) {
		if value == "" {
			return
		}
		b = append(b, name...)
		if strings.Contains(value, "\n") {
			b = append(b, '\n')
			b = binary.LittleEndian.AppendUint64(b, uint64(len(value)))
		} else {
			b = append(b, '=')
		}
		b = append(append(b, value...), '\n')
	}
	field("MESSAGE", strings.ReplaceAll(e.text, "\n\t", "\n"))
	field("PRIORITY", string(e.priority))
	field("SYSLOG_IDENTIFIER", d.name)
	field("SYSLOG_PID", strconv.Itoa(os.Getpid()))
	field("SPECTRUM2_JID", d.jid)
	field("SPECTRUM2_CATEGORY", e.category)
	field("SPECTRUM2_USER", e.user)
	return b
}

// close implements dest.
func (d *journalDest) close() {
	if d.conn != nil {
		_ = d.conn.Close()
		d.conn = nil
	}
}
