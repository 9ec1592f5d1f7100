// Package registration registers users with the transport (XEP-0077).
package registration

import (
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "registration",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.Register, Handle: get},
			{Kind: "iq", Type: "set", To: router.Transport, Space: stanza.Register, Open: true, Handle: set},
		},
		Disco: []router.Disco{{Target: router.Transport, Var: stanza.Register}},
	}
}

// get answers with the form, or with the registration.
func get(u *router.User, s *router.Stanza) {
	account, registered, refusal := Account(u)
	if refusal == nil {
		refusal = Refusal(u, registered)
	}
	if refusal != nil {
		s.Fail(refusal.Condition, refusal.Text)
		return
	}
	f := Form(u, account, registered)
	q := stanza.Element(stanza.Register, "query", nil)
	if registered {
		stanza.Add(q, stanza.Element(stanza.Register, "registered", nil))
	}
	stanza.Add(q, stanza.Text(stanza.Register, "instructions", f.Instructions), stanza.Text(stanza.Register, "username", account.Name))
	if needsPassword(u) {
		stanza.Add(q, stanza.Text(stanza.Register, "password", "")) // never the stored one
	}
	s.Result(stanza.Add(q, f.Node()))
}

// set registers or unregisters the user, or changes the registration.
func set(u *router.User, s *router.Stanza) {
	request, refusal := read(s.Payload)
	confirm := func() { s.Result(nil) }
	switch {
	case refusal != nil:
	case request.cancel:
		confirm()
	case request.remove:
		refusal = Unregister(u, confirm)
	default:
		refusal = Register(u, request, confirm)
	}
	if refusal != nil {
		s.Fail(refusal.Condition, refusal.Text)
	}
}

// read returns what a user wants. The values of a data form precede the others.
func read(query *xmltree.Node) (Request, *stanza.Error) {
	r := Request{
		Name:     stanza.ChildText(query, stanza.Register, "username"),
		Password: stanza.ChildText(query, stanza.Register, "password"),
	}
	if stanza.Child(query, stanza.Register, "remove") != nil {
		if len(stanza.Children(query)) > 1 { // XEP-0077, section 3.2
			return r, stanza.Errorf(stanza.BadRequest, "")
		}
		r.remove = true
	}
	if values, canceled, ok := form.Read(query); ok {
		r.cancel = canceled
		r.fill(values)
	}
	return r, nil
}

// fill adds the values of a form.
func (r *Request) fill(values form.Submitted) {
	r.values = values
	for name, to := range map[string]*string{"username": &r.Name, "password": &r.Password, "language": &r.Language} {
		if value := values.Text(name); value != "" {
			*to = value
		}
	}
	if remove, _ := values.Flag("unregister"); remove {
		r.remove = true
	}
}

// Filled returns the request in a form.
func Filled(values form.Submitted) Request {
	var r Request
	r.fill(values)
	return r
}

// Form returns the form for a registration. account has the values of a user who is
// registered, who keeps the password by leaving it out.
func Form(u *router.User, account users.Account, registered bool) form.Form {
	s := u.Router().Settings().Registration
	f := form.Form{
		Type: "form", Kind: stanza.Register, Title: "Registration", Instructions: s.Instructions,
		Fields: []form.Field{{Var: "username", Type: form.Text, Label: s.UsernameLabel, Required: true, Values: []string{account.Name}}},
	}
	if needsPassword(u) {
		f.Fields = append(f.Fields, form.Field{Var: "password", Type: form.Private, Label: s.PasswordLabel, Required: !registered})
	}
	language := s.Language
	options := []string{language}
	if registered && account.Language != "" && account.Language != language {
		language = account.Language
		options = append(options, language)
	}
	f.Fields = append(f.Fields, form.Field{Var: "language", Type: form.List, Label: "Language", Values: []string{language}, Options: options, Open: true})
	if registered {
		f.Fields = append(f.Fields, form.Field{Var: "unregister", Type: form.Boolean, Label: "Remove your registration", Values: form.Flag(false)})
	}
	return f
}
