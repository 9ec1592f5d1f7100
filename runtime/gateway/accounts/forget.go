package accounts

import (
	"errors"
	"time"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// logoutTime is how long the script may still write to the stores of a user after the
// session has ended. It covers logout_grace and logout_timeout by default.
const logoutTime = 10 * time.Second

// forget removes what the script has stored for a user: now, because the process may end,
// and again when the session has ended for the script.
func forget(u *router.User) {
	forgetNow(u)
	u.After(logoutTime, func(u *router.User) {
		if _, err := Find(u); errors.Is(err, users.ErrNotFound) {
			forgetNow(u)
		}
	})
}

func forgetNow(u *router.User) {
	ctx, cancel := u.Context()
	defer cancel()
	if err := u.Router().Forget(ctx, u.JID); err != nil {
		u.Log().WithField("error", err.Error()).Warn("the script's stores of the unregistered user stay")
	}
}
