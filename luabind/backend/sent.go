package backend

// Sent returns the number of messages queued for the peer so far, without PONG and
// STATS. Tools compare two numbers to tell which of two events came first.
func (b *Backend) Sent() uint64 { return b.peer.Sent() }
