package gateway

import "spectrumlua/runtime/gateway/router"

// For runs a function in the queue of a user.
func (g *Gateway) For(jid string, do func(u *router.User)) error { return g.router.For(jid, do) }
