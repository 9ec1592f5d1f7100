package registration

import (
	"cmp"
	"errors"
	"strings"

	"spectrumlua/runtime/gateway/accounts"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
)

// Request is what a user wants to register.
type Request struct {
	Name, Password string
	Language       string // "" for the present or default one

	remove, cancel bool
	values         form.Submitted // of a form, or nil
}

// Account returns the account of a user and reports whether they are registered. The error
// is for the user.
func Account(u *router.User) (account users.Account, registered bool, refusal *stanza.Error) {
	account, err := accounts.Find(u)
	switch {
	case errors.Is(err, users.ErrNotFound):
		return users.Account{}, false, nil
	case err != nil:
		return users.Account{}, false, failed(u, err)
	}
	return account, true, nil
}

// Register registers a user, or changes the account. A session with the previous account
// ends. confirm is called when the database has the account, before presences go to the
// user. The error is for the user.
func Register(u *router.User, r Request, confirm func()) *stanza.Error {
	old, registered, refusal := Account(u)
	if refusal != nil {
		return refusal
	}
	account, refusal := check(u, r, old, registered)
	if refusal != nil {
		return refusal
	}
	if registered {
		return change(u, old, account, confirm)
	}
	if _, err := accounts.Register(u, account); err != nil {
		return failed(u, err)
	}
	confirm()
	// The user has to see the transport, and the transport the user.
	u.Send(stanza.Presence(u.Router().JID(), u.JID, "subscribe"))
	return nil
}

// change stores a changed account and logs the user in with it.
func change(u *router.User, old, account users.Account, confirm func()) *stanza.Error {
	if err := accounts.Update(u, account); err != nil {
		return failed(u, err)
	}
	confirm()
	if account.Name == old.Name && account.Password == old.Password {
		return nil
	}
	u.Log().Info("changed the registration")
	presence.Relogin(u)
	return nil
}

// check returns the account that a user has asked for.
func check(u *router.User, r Request, old users.Account, registered bool) (users.Account, *stanza.Error) {
	account, name := old, strings.TrimSpace(r.Name)
	keepsName := registered && name == old.Name
	if why := Form(u, old, registered).Check(r.values); why != "" {
		return account, stanza.Errorf(stanza.NotAcceptable, "%s", why)
	}
	if refusal := Refusal(u, registered); refusal != nil {
		return account, refusal
	}
	// The automatic registration uses the JID as the name, and no password.
	if own, _, _ := strings.Cut(name, "/"); !keepsName && strings.EqualFold(own, u.JID) {
		return account, stanza.Errorf(stanza.NotAcceptable, "Your own JID is not a username of the other network.")
	}
	// Clients send back the masked name.
	name, err := accounts.Username(u, name, keepsName)
	if err != nil {
		return account, failed(u, err)
	}
	password := r.Password
	switch {
	case password != "":
	case keepsName:
		password = old.Password
	case needsPassword(u):
		return account, stanza.Errorf(stanza.NotAcceptable, "The password is missing.")
	}
	account.Name, account.Password = name, password
	account.Language = cmp.Or(r.Language, old.Language, u.Router().Settings().Registration.Language)
	return account, nil
}

// Refusal returns why a user may not register, or change the registration, or nil. As with
// Spectrum, users of allowed_servers may register even if the registration is not public.
func Refusal(u *router.User, registered bool) *stanza.Error {
	s := u.Router().Settings()
	if barred := u.Barred(); barred != nil {
		return barred
	}
	if !registered && !s.Registration.Public && len(s.Service.AllowedServers) == 0 {
		return stanza.Errorf(stanza.NotAllowed, "Registration is closed.")
	}
	return nil
}

func needsPassword(u *router.User) bool { return accounts.NeedPassword(u.Router()) }

// Unregister removes the user with contacts and subscriptions. The session ends when the
// database has removed the account: a failure changes nothing. confirm and the error are those
// of Register.
func Unregister(u *router.User, confirm func()) *stanza.Error {
	account, registered, refusal := Account(u)
	switch {
	case refusal != nil:
		return refusal
	case !registered:
		return accounts.NotRegistered()
	}
	u.Account = account
	removed, err := u.UnregisterHooks()
	if err == nil {
		err = accounts.Remove(u, account)
	}
	if err != nil {
		return failed(u, err)
	}
	confirm()
	presence.Logout(u)
	removed()
	return nil
}

func failed(u *router.User, err error) *stanza.Error { return accounts.Refusal(u, "registration", err) }
