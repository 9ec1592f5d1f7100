package presence

import (
	"cmp"
	"errors"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/accounts"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/rules"
	"spectrumlua/runtime/stanza"
)

// failures counts the failures of a user's network in a row.
var failures router.Slot[int]

// Login logs in a user who is offline. It reports whether a session has begun. If not, the
// user has no clients, and receives the reason, unless they are not registered.
func Login(u *router.User) bool { return LoginAs(u, u.JID) == nil }

// LoginAs is like Login, but returns the reason. name is the name on the network of a user
// who is registered automatically.
func LoginAs(u *router.User, name string) *stanza.Error {
	endTurn(u)
	why := load(u, name)
	if why == nil {
		if why = u.LoginHooks(); why != nil {
			u.Hooks(func(h *router.Hooks) func(*router.User) { return h.Logout })
		}
	}
	if why != nil {
		u.Clients = nil
	}
	switch {
	case errors.Is(why, users.ErrNotFound):
		u.Log().Debug("a presence is ignored: the user is not registered")
		if barred := u.Barred(); barred != nil {
			return barred
		}
		return accounts.NotRegistered()
	case why != nil:
		return refuse(u, why)
	}
	waiting.Drop(u)
	u.State = router.Connecting
	setOnline(u, true)
	announce(u)
	deliverLogin(u)
	u.Hooks(func(h *router.Hooks) func(*router.User) { return h.LoggedIn })
	return nil
}

// load reads the account and its settings, and checks whether the user may log in.
func load(u *router.User, name string) error {
	r := u.Router()
	account, err := accounts.Find(u)
	if errors.Is(err, users.ErrNotFound) && accounts.Automatic(r) && !r.Settings().Service.VIPOnly && u.Barred() == nil {
		account, err = accounts.RegisterAutomatically(u, name)
	}
	if err != nil {
		return err
	}
	if refusal := refusalFor(u, account.VIP); refusal != nil {
		return refusal
	}
	settings, err := accounts.Settings(u, account)
	if err != nil {
		return err
	}
	if settings["enable_transport"] == "0" {
		return stanza.Errorf(stanza.NotAllowed, "")
	}
	u.Account, u.Settings = account, settings
	return nil
}

// refuse tells a user why they are not logged in, but not at each presence. Texts of the
// database stay in the log. It returns the reason.
func refuse(u *router.User, why error) *stanza.Error {
	outage := errors.Is(why, users.ErrOutage)
	if outage {
		waiting.Of(u)
	}
	var refusal *stanza.Error
	isKnown := errors.As(why, &refusal)
	switch {
	case isKnown:
	case outage:
		refusal = stanza.Errorf(stanza.ResourceConstraint, "The transport cannot reach its database. You will be logged in when it can.")
	default:
		refusal = stanza.Errorf(stanza.ResourceConstraint, "The transport cannot read its database. Try again later.")
	}
	if !may(u, request{typ: "login"}) {
		return refusal
	}
	if !isKnown && !outage {
		u.Failed("the user cannot log in", why)
	}
	explain(u, refusal)
	u.Send(stanza.Presence(u.Router().JID(), u.JID, "unavailable"))
	return refusal
}

// explain writes the reason of a refusal to the user.
func explain(u *router.User, refusal *stanza.Error) {
	if refusal.Text != "" {
		u.Send(stanza.Message(u.Router().JID(), u.JID, "chat", stanza.Text("", "body", refusal.Text)))
	}
}

func setOnline(u *router.User, online bool) {
	ctx, cancel := u.Context()
	defer cancel()
	if err := u.Store().SetOnline(ctx, u.Account.ID, online); err != nil {
		u.Failed("the database does not say that the user's state changed", err)
	}
}

func deliverLogin(u *router.User) {
	u.Deliver(pb.WrapperMessage_TYPE_LOGIN, &pb.Login{
		User: &u.JID, LegacyName: &u.Account.Name, Password: &u.Account.Password,
		Settings: &pb.UserSettings{Value: u.Settings},
	})
}

func deliverLogout(u *router.User) {
	u.Deliver(pb.WrapperMessage_TYPE_LOGOUT, &pb.Logout{User: &u.JID, LegacyName: &u.Account.Name})
}

// Logout ends the session of a user, if there is one. The user's clients see the transport
// go offline.
func Logout(u *router.User) {
	if u.State == router.Offline {
		return
	}
	u.Hooks(func(h *router.Hooks) func(*router.User) { return h.Logout })
	deliverLogout(u)
	setOnline(u, false)
	u.End()
	failures.Drop(u)
	u.Send(current(u, u.JID))
}

// Relogin begins another session of a user whose account has changed, with the same clients: the
// user's server may not say who is online. It wakes a user without a session, because a refused
// login may succeed now.
func Relogin(u *router.User) {
	if u.State == router.Offline {
		Wake(u)
		return
	}
	clients := u.Clients
	Logout(u)
	u.Clients = clients
	Login(u)
}

// connected handles CONNECTED.
func connected(u *router.User, _ *pb.Connected) {
	failures.Drop(u)
	stopReviving(u)
	u.State = router.Online
	announce(u)
	deliverStatus(u)
	u.Hooks(func(h *router.Hooks) func(*router.User) { return h.Connected })
}

// disconnected handles DISCONNECTED. After a failure of the network it logs the user in
// again, up to rules.MaxRelogins times.
func disconnected(u *router.User, d *pb.Disconnected) {
	count := failures.Of(u)
	if rules.IsTransient(d.GetError()) && *count < rules.MaxRelogins {
		*count++
		u.State = router.Connecting
		announce(u)
		deliverLogout(u)
		deliverLogin(u)
		return
	}
	u.Send(stanza.Message(u.Router().JID(), u.JID, "chat",
		stanza.Text("", "body", cmp.Or(d.GetMessage(), d.GetError().String())),
		stanza.Text("http://spectrum.im/error", "spectrumerror", d.GetError().String())))
	again := rules.IsTransient(d.GetError()) && Stays(u)
	Logout(u)
	if again {
		revive(u)
	}
}

// Leave shows the user the transport and its contacts offline, because the process ends.
// The database keeps that they were online, so the next process asks for their presence.
func Leave(u *router.User) {
	if u.State == router.Offline {
		return
	}
	attended := len(u.Clients) > 0
	u.Hooks(func(h *router.Hooks) func(*router.User) { return h.Logout })
	u.End()
	if attended {
		u.Send(current(u, u.JID))
	}
}
