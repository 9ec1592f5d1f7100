// Package simulator is a Spectrum to test against: it plays Spectrum's side of
// the protocol over a TCP connection or any other net.Conn, keeps what passed,
// and says what the real Spectrum would not have forgiven.
//
// A Spectrum listens and accepts backends; a Backend is one connection, a User
// one user of it. Attach makes a Backend of a connection that is already there,
// such as one end of a net.Pipe. Process runs a backend's executable.
//
// Frames that a backend has sent wait until somebody takes them: Expect takes
// the first that fits, and leaves the others to be taken by somebody else.
package simulator
