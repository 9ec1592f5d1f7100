package files

import "spectrumlua/runtime/files/remote"

// SetClient replaces the client of later downloads, until restore.
func SetClient(client func() *remote.Client) (restore func()) {
	before := newClient
	newClient = client
	return func() { newClient = before }
}
