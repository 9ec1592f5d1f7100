package presence

import (
	"cmp"
	"errors"

	"spectrumlua/runtime/gateway/accounts"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
)

// refusalFor returns why a registered user may not log in, or nil.
func refusalFor(u *router.User, isVIP bool) *stanza.Error {
	service := u.Router().Settings().Service
	if refusal := u.Barred(); refusal != nil || !service.VIPOnly || isVIP {
		return refusal
	}
	return stanza.Errorf(stanza.Forbidden, "%s", cmp.Or(service.VIPMessage, "You are not authorized to use this transport."))
}

// unchecked has the users whom recheck could not check without the database.
var unchecked router.Slot[struct{}]

// configured logs out the users whom allowed_servers or vip_only excludes now. The others learn
// the identity of the transport, if it has changed.
func configured(u *router.User) {
	u.Router().Each(recheck)
	renew(u)
}

// recheck logs out a user who may not log in any more. It reads the account again, because
// the user may have become a VIP.
func recheck(u *router.User) {
	unchecked.Drop(u)
	if u.State == router.Offline {
		return
	}
	isVIP := true // unless the database says otherwise
	if u.Router().Settings().Service.VIPOnly {
		account, err := accounts.Find(u)
		switch {
		case err == nil:
			isVIP = account.VIP
		case errors.Is(err, users.ErrOutage):
			unchecked.Of(u)
		default:
			u.Failed("the database does not say whether the user, who stays logged in, is a VIP", err)
		}
	}
	if refusal := refusalFor(u, isVIP); refusal != nil {
		u.Log().WithField("reason", refusal.Text).Info("logs out the user, whom the config excludes now")
		explain(u, refusal)
		Logout(u)
	}
}
