package logging

import "os"

// A streamDest writes to standard error or output. There is nowhere left to
// say that this does not work.
type streamDest struct{ file *os.File }

func (d streamDest) write(entries []byte) { _, _ = d.file.Write(entries) }

func (d streamDest) close() {}
