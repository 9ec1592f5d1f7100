package router

import (
	"slices"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/xmltree"
)

// Client is an available resource of a user.
type Client struct {
	JID      string // full
	Status   pb.StatusType
	Message  string // the status text
	Idle     string // since when the user is idle (XEP-0319), as a timestamp of the protocol; or ""
	Priority int
	Caps     *xmltree.Node // the element of XEP-0115, or nil
	Avatar   *string       // hash of the user's picture (XEP-0153), "" without one; nil if unknown
	// Heard is when the last presence of the client arrived.
	Heard time.Time
	// InRooms is set for a client that has sent no presence to the transport, only to rooms.
	InRooms bool
}

// MaxClients is the number of clients that a user can have, and in each room.
const MaxClients = 100

// Clients are the available resources of a user, in the order in which they appeared.
type Clients []*Client

// Find returns the client with a full JID, or nil.
func (c Clients) Find(jid string) *Client {
	if i := slices.IndexFunc(c, func(c *Client) bool { return c.JID == jid }); i >= 0 {
		return c[i]
	}
	return nil
}

// Remove removes a client and returns it, or nil.
func (c *Clients) Remove(jid string) *Client {
	i := slices.IndexFunc(*c, func(c *Client) bool { return c.JID == jid })
	if i < 0 {
		return nil
	}
	gone := (*c)[i]
	*c = slices.Delete(*c, i, i+1)
	return gone
}

// Best returns the client with the highest priority, or nil. It decides the user's status
// on the network. A client that has sent no status counts only without others.
func (c Clients) Best() *Client {
	var best *Client
	for _, client := range c {
		switch {
		case best == nil,
			best.InRooms && !client.InRooms,
			best.InRooms == client.InRooms && client.Priority > best.Priority:
			best = client
		}
	}
	return best
}
