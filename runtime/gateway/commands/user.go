package commands

import (
	"cmp"
	"slices"

	"spectrumlua/runtime/gateway/accounts"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/registration"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
)

func mayRegister(u *router.User, registered bool) bool {
	return !registered && registration.Refusal(u, registered) == nil
}
func mayChange(u *router.User, registered bool) bool {
	return registered && registration.Refusal(u, registered) == nil
}
func isRegistered(_ *router.User, registered bool) bool { return registered }

// userCommands are the commands of users. The node of the settings is Spectrum's.
var userCommands = []command{
	{node: "register", name: "Register", allows: mayRegister, form: registrationForm, run: register},
	{node: "change", name: "Change the registration", allows: mayChange, form: registrationForm, run: register},
	{node: "unregister", name: "Unregister", allows: isRegistered, form: unregisterForm, run: unregister},
	{node: "settings", name: "Settings", allows: mayChange, form: settingsForm, run: setSettings},
}

func registrationForm(u *router.User) (form.Form, *stanza.Error) {
	account, registered, refusal := registration.Account(u)
	f := registration.Form(u, account, registered)
	f.Fields = slices.DeleteFunc(f.Fields, func(f form.Field) bool { return f.Var == "unregister" }) // a command of its own
	return f, refusal
}

func register(u *router.User, values form.Submitted, done done) *stanza.Error {
	return registration.Register(u, registration.Filled(values), func() { done("You are registered.", nil) })
}

func unregisterForm(*router.User) (form.Form, *stanza.Error) {
	return form.Form{Type: "form", Title: "Unregister", Fields: []form.Field{
		{Type: form.Fixed, Values: []string{"This removes your account at the transport, your contacts and your settings."}},
		{Var: "confirm", Type: form.Boolean, Label: "Remove my registration", Values: form.Flag(false)},
	}}, nil
}

func unregister(u *router.User, values form.Submitted, done done) *stanza.Error {
	if sure, _ := values.Flag("confirm"); !sure {
		done("You are still registered.", nil)
		return nil
	}
	return registration.Unregister(u, func() { done("You are not registered any more.", nil) })
}

// settings are the settings that users may change, with their labels.
var settings = []struct{ name, label string }{
	{"enable_transport", "Use the transport"},
	{"stay_connected", "Stay connected to the network while you are offline"},
	{"send_headlines", "Receive headlines"},
}

// current returns the settings of a user who is registered. Those that the database does
// not have are the defaults.
func current(u *router.User) (users.Account, map[string]string, error) {
	account, err := accounts.Find(u)
	if err != nil {
		return account, nil, err
	}
	stored, err := accounts.Settings(u, account)
	byDefault := u.Router().Settings().User.Values()
	values := map[string]string{}
	for _, s := range settings {
		values[s.name] = cmp.Or(stored[s.name], byDefault[s.name])
	}
	return account, values, err
}

func settingsForm(u *router.User) (form.Form, *stanza.Error) {
	f := form.Form{Type: "form", Title: "Settings"}
	_, values, err := current(u)
	if err != nil {
		return f, accounts.Refusal(u, "a command", err)
	}
	for _, s := range settings {
		f.Fields = append(f.Fields, form.Field{Var: s.name, Type: form.Boolean, Label: s.label, Values: form.Flag(values[s.name] == "1")})
	}
	return f, nil
}

// setSettings stores the settings that a form has, and logs the user in or out.
func setSettings(u *router.User, values form.Submitted, done done) *stanza.Error {
	account, old, err := current(u)
	if err != nil {
		return accounts.Refusal(u, "a command", err)
	}
	for _, s := range settings {
		if _, ok := values.Flag(s.name); !ok && values.Text(s.name) != "" {
			return stanza.Errorf(stanza.NotAcceptable, "%s has to be true or false.", s.name)
		}
	}
	for _, s := range settings {
		on, ok := values.Flag(s.name)
		value := users.Boolean(on)
		if !ok || value == old[s.name] {
			continue
		}
		if err := set(u, account.ID, s.name, value); err != nil {
			return accounts.Refusal(u, "a command", err)
		}
	}
	done("The settings are stored.", nil)
	presence.Apply(u)
	return nil
}

func set(u *router.User, id int64, name, value string) error {
	ctx, cancel := u.Context()
	defer cancel()
	err := u.Store().Set(ctx, id, name, value)
	if err == nil && u.State != router.Offline && u.Settings != nil {
		u.Settings[name] = value
	}
	return err
}
