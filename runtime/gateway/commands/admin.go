package commands

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"spectrumlua/runtime/gateway/accounts"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/registration"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
)

// admin is the form type of XEP-0133, and the beginning of its nodes.
const admin = "http://jabber.org/protocol/admin"

// maxList is the number of users in a list. More of them may not fit into a stanza.
const maxList = 1000

// adminCommands are the commands of admin_jid. Their nodes and fields are those of XEP-0133.
var adminCommands = []command{
	{node: admin + "#get-registered-users-list", name: "List registered users", allows: isAdmin, run: list("registereduserjids", func(users.Account) bool { return true })},
	{node: admin + "#get-online-users-list", name: "List online users", allows: isAdmin, run: list("onlineuserjids", func(a users.Account) bool { return a.Online })},
	{node: admin + "#announce", name: "Send a message to online users", allows: isAdmin, form: announcementForm, run: announce},
	{node: admin + "#delete-user", name: "Delete users", allows: isAdmin, form: deletionForm, run: deleteUsers},
}

func isAdmin(u *router.User, _ bool) bool {
	return slices.Contains(u.Router().Settings().Service.AdminJIDs, u.JID)
}

// list returns a command that shows the JIDs of users.
func list(field string, belongs func(a users.Account) bool) func(*router.User, form.Submitted, done) *stanza.Error {
	return func(u *router.User, _ form.Submitted, done done) *stanza.Error {
		ctx, cancel := u.Context()
		defer cancel()
		all, err := u.Store().All(ctx)
		if err != nil {
			return accounts.Refusal(u, "a command", err)
		}
		var jids []string
		for _, a := range all {
			if belongs(a) {
				jids = append(jids, a.JID)
			}
		}
		note := fmt.Sprintf("%d users", len(jids))
		if len(jids) > maxList {
			note += fmt.Sprintf("; the list has the first %d", maxList)
			jids = jids[:maxList]
		}
		done(note, &form.Form{Type: "result", Kind: admin, Fields: []form.Field{{Var: field, Type: form.JIDs, Label: note, Values: jids}}})
		return nil
	}
}

func announcementForm(*router.User) (form.Form, *stanza.Error) {
	return form.Form{Type: "form", Kind: admin, Title: "Send a message to online users", Fields: []form.Field{
		{Var: "subject", Type: form.Text, Label: "Subject"},
		{Var: "announcement", Type: form.Lines, Label: "Message", Required: true},
	}}, nil
}

// announce sends a message to each user who is online.
func announce(u *router.User, values form.Submitted, done done) *stanza.Error {
	text := strings.Join(values["announcement"], "\n")
	if strings.TrimSpace(text) == "" {
		return stanza.Errorf(stanza.NotAcceptable, "The message is missing.")
	}
	subject := cmp.Or(values.Text("subject"), "Announcement")
	u.Log().Info("sends a message to all online users")
	r := u.Router()
	r.Each(func(to *router.User) {
		if to.State == router.Online {
			to.Send(stanza.Message(r.JID(), to.JID, "", stanza.Text("", "subject", subject), stanza.Text("", "body", text)))
		}
	})
	done("The message is sent.", nil)
	return nil
}

func deletionForm(*router.User) (form.Form, *stanza.Error) {
	return form.Form{Type: "form", Kind: admin, Title: "Delete users", Fields: []form.Field{
		{Var: "accountjids", Type: form.JIDs, Label: "JIDs of the users", Required: true},
	}}, nil
}

// deleteUsers removes the registrations of users, in their queues. It removes none if one of
// the JIDs is not registered, because it is probably misspelt.
func deleteUsers(u *router.User, values form.Submitted, done done) *stanza.Error {
	if len(values["accountjids"]) == 0 {
		return stanza.Errorf(stanza.NotAcceptable, "The JIDs of the users are missing.")
	}
	ctx, cancel := u.Context()
	defer cancel()
	all, err := u.Store().All(ctx)
	if err != nil {
		return accounts.Refusal(u, "a command", err)
	}
	registered := map[string]bool{}
	for _, a := range all {
		registered[a.JID] = true
	}
	var names []string
	for _, given := range values["accountjids"] {
		name := jid.Bare(strings.TrimSpace(given))
		if !registered[name] {
			name = strings.ToLower(name)
		}
		if !registered[name] {
			return stanza.Errorf(stanza.NotAcceptable, "%.200s is not registered.", given)
		}
		if !slices.Contains(names, name) { // XEP-0004: duplicates do not count
			names = append(names, name)
		}
	}
	for _, name := range names {
		_ = u.Router().For(name, func(deleted *router.User) { // an error means that the router is closed
			if refusal := registration.Unregister(deleted, func() {}); refusal != nil {
				deleted.Log().WithField("error", refusal.Error()).Warn("an admin cannot delete the user")
			}
		})
	}
	u.Log().WithField("count", len(names)).Info("deletes users")
	done(fmt.Sprintf("%d users are being removed.", len(names)), nil)
	return nil
}
