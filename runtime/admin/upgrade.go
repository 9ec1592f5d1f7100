package admin

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Upgrade takes the connection of the request for another protocol, which the client must
// have named in the header Upgrade. From then on, the connection belongs to the route, which
// must close it: neither Server.Close nor the context of the request ends it. After Upgrade
// has succeeded, the route must return nil.
func (r *Request) Upgrade(protocol string) (net.Conn, error) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), protocol) {
		return nil, &Error{http.StatusUpgradeRequired, fmt.Sprintf("%s speaks the protocol %s: a header Upgrade with this name is missing", r.URL.Path, protocol)}
	}
	conn, buffered, err := r.control.Hijack()
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(writeTime))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", protocol)
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return upgraded{conn, buffered.Reader}, nil
}

// upgraded is a connection whose first bytes the server has read already.
type upgraded struct {
	net.Conn
	in *bufio.Reader
}

func (u upgraded) Read(p []byte) (int, error) { return u.in.Read(p) }
