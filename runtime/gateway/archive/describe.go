package archive

import (
	"time"

	"spectrumlua/runtime/gateway/accounts"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// describe handles requests for the filters, for the first and last message, and for the
// preferences.
func describe(u *router.User, s *router.Stanza) {
	var payload *xmltree.Node
	var refusal *stanza.Error
	switch s.Payload.Name {
	case "query":
		payload = stanza.Element(stanza.Archive, "query", nil, filters())
	case "metadata":
		payload, refusal = metadata(u, s)
	case "prefs":
		payload, refusal = preferences(u)
	default:
		refusal = stanza.Errorf(stanza.FeatureNotImplemented, "")
	}
	if refusal != nil {
		s.Refuse(refusal)
		return
	}
	s.Result(payload)
}

// filters returns the form with the filters of a request (XEP-0313, section 4.1.5).
func filters() *xmltree.Node {
	f := form.Form{Type: "form", Kind: stanza.Archive}
	types := map[string]string{"with": "jid-single", "ids": form.Lists}
	for _, name := range fields {
		typ := types[name]
		if typ == "" {
			typ = form.Text
		}
		f.Fields = append(f.Fields, form.Field{Var: name, Type: typ, Open: typ == form.Lists})
	}
	return f.Node()
}

// metadata returns the first and the last message of an archive (XEP-0313, section 5).
func metadata(u *router.User, s *router.Stanza) (*xmltree.Node, *stanza.Error) {
	ctx, cancel := u.Context()
	defer cancel()
	keepers.Of(u.Router()).Flush(ctx)
	n := stanza.Element(stanza.Archive, "metadata", nil)
	for _, end := range []struct {
		name string
		last bool
	}{{"start", false}, {"end", true}} {
		found, err := u.Store().Archived(ctx, spanOf(u, s), 1, end.last)
		if err != nil {
			return nil, refused(u, err)
		}
		for _, m := range found {
			stanza.Add(n, stanza.Element(stanza.Archive, end.name, stanza.Attrs{"id", archiveID(s, m), "timestamp", m.At().Format(time.RFC3339)}))
		}
	}
	return n, nil
}

// preferences returns whether the user's messages are archived (XEP-0313, section 7).
func preferences(u *router.User) (*xmltree.Node, *stanza.Error) {
	account, err := accounts.Find(u)
	if err != nil {
		return nil, refused(u, err)
	}
	stored, err := accounts.Settings(u, account)
	if err != nil {
		return nil, refused(u, err)
	}
	byDefault := "always"
	if stored[setting] == "0" {
		byDefault = "never"
	}
	return stanza.Element(stanza.Archive, "prefs", stanza.Attrs{"default", byDefault},
		stanza.Element(stanza.Archive, "always", nil), stanza.Element(stanza.Archive, "never", nil)), nil
}

// setPreferences turns the archive of the user on or off.
func setPreferences(u *router.User, s *router.Stanza) *stanza.Error {
	byDefault := stanza.Attr(s.Payload, "default")
	switch byDefault {
	case "always", "never":
	case "roster":
		return stanza.Errorf(stanza.FeatureNotImplemented, "the default is always or never")
	default:
		return stanza.Errorf(stanza.BadRequest, "the default is always or never")
	}
	for _, list := range stanza.Children(s.Payload) {
		if len(stanza.Children(list)) > 0 {
			return stanza.Errorf(stanza.FeatureNotImplemented, "this archive keeps all messages or none")
		}
	}
	account, err := accounts.Find(u)
	if err != nil {
		return refused(u, err)
	}
	ctx, cancel := u.Context()
	defer cancel()
	value := users.Boolean(byDefault == "always")
	if err := u.Store().Set(ctx, account.ID, setting, value); err != nil {
		return refused(u, err)
	}
	if u.State != router.Offline && u.Settings != nil {
		u.Settings[setting] = value
	}
	now, refusal := preferences(u)
	if refusal == nil {
		s.Result(now)
	}
	return refusal
}
