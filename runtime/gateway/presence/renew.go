package presence

import (
	"slices"
	"sync/atomic"
	"time"

	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/router"
)

// renewalsPerSecond limits how fast users learn new capabilities: each may have many contacts.
const renewalsPerSecond = 10

// renewals has the targets whose capabilities have changed and that wait to be sent to a user.
var renewals router.Slot[[]router.Target]

// renew sends presence to the users who know other capabilities of the transport or of its
// contacts (XEP-0115, section 4). They change with the identity of the transport and with the
// handlers of the script.
func renew(u *router.User) {
	changed := disco.Renewed(u.Router())
	if len(changed) == 0 {
		return
	}
	var count atomic.Int64 // of the users before
	u.Router().Each(func(u *router.User) {
		if u.State == router.Offline || len(u.Clients) == 0 {
			return // the next presence has them
		}
		waiting := renewals.Of(u)
		isFirst := len(*waiting) == 0
		*waiting = append(*waiting, changed...)
		if isFirst {
			u.After(time.Duration(count.Add(1)-1)*time.Second/renewalsPerSecond, sendRenewed)
		}
	})
}

// sendRenewed sends the presence of what has new capabilities.
func sendRenewed(u *router.User) {
	waiting := renewals.Peek(u)
	if waiting == nil {
		return // the user has logged out meanwhile
	}
	renewals.Drop(u)
	if slices.Contains(*waiting, router.Transport) && u.State == router.Online {
		announce(u)
	}
	if slices.Contains(*waiting, router.Contact) {
		u.Hooks(func(h *router.Hooks) func(*router.User) { return h.Contacts })
	}
}
