package record

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/sirupsen/logrus"

	"spectrumlua/pb"
)

// BenchmarkOut measures what recording costs the sender of a message.
func BenchmarkOut(b *testing.B) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	r, err := Open(Options{Path: filepath.Join(b.TempDir(), "r.jsonl"), Log: log, MaxQueue: 64 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	payload := []byte("\x0a\x0falice@localhost\x12\x04echo\x1a\x05hello")
	b.ReportAllocs()
	for b.Loop() {
		r.Out(pb.WrapperMessage_TYPE_CONV_MESSAGE, payload)
	}
}

// BenchmarkLine measures what a message costs the writing goroutine.
func BenchmarkLine(b *testing.B) {
	var r Recorder
	payload := []byte("\x0a\x0falice@localhost\x12\x04echo\x1a\x05hello")
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if line, err = r.line(line[:0], item{typ: pb.WrapperMessage_TYPE_CONV_MESSAGE, size: len(payload)}, payload); err != nil {
			b.Fatal(err)
		}
	}
}
