package backend

// Sent counts the messages to Spectrum so far, PONG and STATS left out, whether
// they have left or not. Whoever logs or waits for a message can tell by it
// what comes before and what after.
func (b *Backend) Sent() uint64 { return b.link.Sent() }
