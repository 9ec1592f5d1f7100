// Package simulator plays Spectrum for tests and tools. It speaks Spectrum's side of the
// protocol over TCP or any other net.Conn, keeps the frames, and reports frames that would
// harm the real Spectrum.
//
// A Spectrum listens and accepts backends. A Backend is one connection, and a User is one
// user of it. Attach makes a Backend from an open connection, such as one end of a
// net.Pipe. Process runs the executable of a backend.
//
// Frames of a backend wait until a call takes them. Expect takes the first frame that
// matches and leaves the others for other calls.
package simulator
