// Package accounts finds and registers users. Registration, commands and the automatic
// registration at a login share it.
package accounts

import (
	"errors"
	"slices"
	"strings"

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

// Refusal returns what a user sees of an error: a *stanza.Error, or one of the database. It logs
// an error that the user cannot correct. doing is what failed, as "registration".
func Refusal(u *router.User, doing string, err error) *stanza.Error {
	var refusal *stanza.Error
	switch {
	case errors.As(err, &refusal):
		return refusal
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

// Username checks the name on the network that a user wants to have, and returns it with the mask
// of the config. isMasked means that name has it already. The error is a *stanza.Error, or one of the
// database.
func Username(u *router.User, name string, isMasked bool) (string, error) {
	s := u.Router().Settings().Registration
	name = strings.TrimSpace(name)
	if name == "" {
		return "", stanza.Errorf(stanza.NotAcceptable, "The username is missing.")
	}
	if s.UsernameMask != "" && !isMasked {
		name = strings.ReplaceAll(s.UsernameMask, "$username", name)
	}
	if s.AllowedUsernames != nil && !s.AllowedUsernames.MatchString(name) {
		return "", stanza.Errorf(stanza.NotAcceptable, "The username %.200s is not allowed.", name)
	}
	if NeedPassword(u.Router()) {
		return name, nil
	}
	switch taken, err := nameTaken(u, name); {
	case err != nil:
		return "", err
	case taken:
		return "", stanza.Errorf(stanza.Conflict, "Another user has registered the username %.200s.", name)
	}
	return name, nil
}

// nameTaken reports whether another user has a name on the network.
func nameTaken(u *router.User, name string) (bool, error) {
	ctx, cancel := u.Context()
	defer cancel()
	named, err := u.Store().Named(ctx, name)
	return slices.ContainsFunc(named, func(a users.Account) bool { return a.JID != u.JID }), err
}

// RegisterAutomatically registers a user without a password, at their first login.
func RegisterAutomatically(u *router.User, name string) (users.Account, error) {
	var refusal *stanza.Error
	name, err := Username(u, name, false)
	switch {
	case errors.As(err, &refusal):
		return users.Account{}, stanza.Errorf(refusal.Condition, "%s Register with another one.", refusal.Text)
	case err != nil:
		return users.Account{}, err
	}
	account, err := Register(u, users.Account{Name: name, Language: u.Router().Settings().Registration.Language})
	if errors.Is(err, users.ErrInvalid) {
		return account, Refusal(u, "registration", err)
	}
	return account, err
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
	notify(u, "registered")
	return account, nil
}

// Update stores a changed account.
func Update(u *router.User, account users.Account) error {
	ctx, cancel := u.Context()
	defer cancel()
	return u.Store().Update(ctx, account)
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
	notify(u, "unregistered")
	forget(u)
	return nil
}

// notify tells the admins in notify_jid.
func notify(u *router.User, what string) {
	r := u.Router()
	for _, to := range r.Settings().Registration.NotifyJIDs {
		u.Send(stanza.Message(r.JID(), to, "", stanza.Text("", "body", what+": "+u.JID)))
	}
}
