// Package accounts finds and registers users. Registration, commands and the automatic
// registration at a login share it.
package accounts

import (
	"errors"
	"slices"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
)

// Find returns the account of a user from the database, or users.ErrNotFound.
func Find(u *router.User) (users.Account, error) {
	ctx, cancel := u.Context()
	defer cancel()
	return u.Store().Find(ctx, u.JID)
}

// Settings returns the settings of an account from the database.
func Settings(u *router.User, account users.Account) (map[string]string, error) {
	ctx, cancel := u.Context()
	defer cancel()
	return u.Store().Settings(ctx, account.ID)
}

// Refusal returns what a user sees of an error of the database. It logs an error that the
// user cannot correct. doing is what failed, as "registration".
func Refusal(u *router.User, doing string, err error) *stanza.Error {
	switch {
	case errors.Is(err, users.ErrNotFound):
		return NotRegistered()
	case errors.Is(err, users.ErrInvalid):
		return stanza.Errorf(stanza.NotAcceptable, "%v", err)
	case errors.Is(err, users.ErrExists):
		return stanza.Errorf(stanza.Conflict, "You have just been registered already.")
	}
	u.Failed(doing+" failed", err)
	return stanza.Errorf(stanza.ResourceConstraint, "The transport cannot use its database. Try again later.")
}

// NotRegistered returns the error for a user without a registration.
func NotRegistered() *stanza.Error {
	return stanza.Errorf(stanza.RegistrationRequired, "You are not registered.")
}

// NeedPassword reports whether a registration needs a password. What the script announces
// precedes the config, as with Spectrum.
func NeedPassword(r *router.Router) bool {
	return r.Shared.Flag("registration", "needPassword", r.Settings().Registration.NeedPassword)
}

// Automatic reports whether users are registered when they log in for the first time.
func Automatic(r *router.Router) bool {
	s := r.Settings().Registration
	return s.AutoRegister || !r.Shared.Flag("registration", "needRegistration", s.NeedRegistration)
}

// Register stores an account with the settings of new users. It returns users.ErrExists if
// the user is registered.
func Register(u *router.User, account users.Account) (users.Account, error) {
	ctx, cancel := u.Context()
	defer cancel()
	account.JID = u.JID
	account, err := u.Store().Register(ctx, account, u.Router().Settings().User.Values())
	if err != nil {
		return account, err
	}
	u.Log().Info("registered")
	return account, nil
}

// Update stores a changed account.
func Update(u *router.User, account users.Account) error {
	ctx, cancel := u.Context()
	defer cancel()
	return u.Store().Update(ctx, account)
}

// NameTaken reports whether another user has a name on the network.
func NameTaken(u *router.User, name string) (bool, error) {
	ctx, cancel := u.Context()
	defer cancel()
	named, err := u.Store().Named(ctx, name)
	return slices.ContainsFunc(named, func(a users.Account) bool { return a.JID != u.JID }), err
}

// Remove removes an account with its settings and contacts, and what the script has stored
// for the user.
func Remove(u *router.User, account users.Account) error {
	ctx, cancel := u.Context()
	defer cancel()
	if err := u.Store().Unregister(ctx, account.ID); err != nil {
		return err
	}
	u.Log().Info("unregistered")
	forget(u)
	return nil
}
