// Package registration registers users with the transport (XEP-0077).
package registration

import (
	"errors"
	"strings"

	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "registration",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.Register, Handle: get},
			{Kind: "iq", Type: "set", To: router.Transport, Space: stanza.Register, Handle: set},
		},
		Disco: []router.Disco{{Target: router.Transport, Var: stanza.Register}},
	}
}

// get answers with the form, or with the registration.
func get(u *router.User, s *router.Stanza) {
	account, err := find(u)
	if err != nil && !errors.Is(err, users.ErrNotFound) {
		unavailable(u, s, err)
		return
	}
	settings := u.Router().Settings().Registration
	q := stanza.Element(stanza.Register, "query", nil, stanza.Text(stanza.Register, "instructions", settings.Instructions))
	if err == nil {
		stanza.Add(q, stanza.Element(stanza.Register, "registered", nil))
	}
	s.Result(stanza.Add(q, stanza.Text(stanza.Register, "username", account.Name), stanza.Text(stanza.Register, "password", "")))
}

// set registers or unregisters the user, or changes the registration.
func set(u *router.User, s *router.Stanza) {
	if stanza.Child(s.Payload, stanza.Register, "remove") != nil {
		unregister(u, s)
		return
	}
	account, refusal := filled(u, s.Payload)
	if refusal != nil {
		s.Fail(refusal.Condition, refusal.Text)
		return
	}
	switch added, err := register(u, account); {
	case err != nil:
		unavailable(u, s, err)
	default:
		s.Result(nil)
		if added {
			u.Log().Info("registered")
		}
		// The user has to see the transport, and the transport the user.
		u.Send(stanza.Presence(u.Router().JID(), u.JID, "subscribe"))
	}
}

// filled returns the account of a filled form.
func filled(u *router.User, form *xmltree.Node) (users.Account, *stanza.Error) {
	settings := u.Router().Settings()
	_, domain, _ := jid.Split(u.JID)
	name := strings.TrimSpace(stanza.ChildText(form, stanza.Register, "username"))
	switch {
	case !settings.Service.Allows(domain):
		return users.Account{}, stanza.Errorf(stanza.Forbidden, "Users of this server may not use the transport.")
	case !settings.Registration.Public:
		return users.Account{}, stanza.Errorf(stanza.NotAllowed, "Registration is closed.")
	case name == "":
		return users.Account{}, stanza.Errorf(stanza.NotAcceptable, "The username is missing.")
	case settings.Registration.AllowedUsernames != nil && !settings.Registration.AllowedUsernames.MatchString(name):
		return users.Account{}, stanza.Errorf(stanza.NotAcceptable, "This username is not allowed.")
	}
	if mask := settings.Registration.UsernameMask; mask != "" {
		name = strings.ReplaceAll(mask, "$username", name)
	}
	return users.Account{JID: u.JID, Name: name, Password: stanza.ChildText(form, stanza.Register, "password")}, nil
}

// register stores an account. It reports whether the user was not registered before.
func register(u *router.User, account users.Account) (added bool, err error) {
	old, err := find(u)
	if err == nil {
		account.ID, account.Language, account.Encoding, account.VIP = old.ID, old.Language, old.Encoding, old.VIP
		ctx, cancel := u.Context()
		defer cancel()
		return false, u.Store().Update(ctx, account)
	}
	if !errors.Is(err, users.ErrNotFound) {
		return false, err
	}
	ctx, cancel := u.Context()
	defer cancel()
	if account, err = u.Store().Register(ctx, account); err != nil {
		return false, err
	}
	for name, value := range u.Router().Settings().User.Values() {
		if err := u.Store().Set(ctx, account.ID, name, value); err != nil {
			return true, err
		}
	}
	return true, nil
}

// unregister removes the user, with contacts and subscriptions.
func unregister(u *router.User, s *router.Stanza) {
	account, err := find(u)
	switch {
	case errors.Is(err, users.ErrNotFound):
		s.Fail(stanza.RegistrationRequired, "")
		return
	case err != nil:
		unavailable(u, s, err)
		return
	}
	presence.Logout(u)
	u.Account = account
	u.Hooks(func(h *router.Hooks) func(*router.User) { return h.Unregister })
	ctx, cancel := u.Context()
	defer cancel()
	if err := u.Store().Unregister(ctx, account.ID); err != nil {
		unavailable(u, s, err)
		return
	}
	u.Log().Info("unregistered")
	s.Result(nil)
	from := u.Router().JID()
	u.Send(stanza.Presence(from, u.JID, "unsubscribe"))
	u.Send(stanza.Presence(from, u.JID, "unsubscribed"))
}

func find(u *router.User) (users.Account, error) {
	ctx, cancel := u.Context()
	defer cancel()
	return u.Store().Find(ctx, u.JID)
}

// unavailable answers that the database does not work.
func unavailable(u *router.User, s *router.Stanza, err error) {
	u.Log().Errorf("registration: %v", err)
	s.Fail(stanza.InternalServerError, "The transport cannot use its database. Try again later.")
}
