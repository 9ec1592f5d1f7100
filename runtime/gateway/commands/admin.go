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

// deleteUsers removes the registrations of users, in their queues.
func deleteUsers(u *router.User, values form.Submitted, done done) *stanza.Error {
	if len(values["accountjids"]) == 0 {
		return stanza.Errorf(stanza.NotAcceptable, "The JIDs of the users are missing.")
	}
	for _, name := range values["accountjids"] {
		_ = u.Router().For(jid.Bare(strings.TrimSpace(name)), func(deleted *router.User) { // an error means that the router is closed
			if deleted.JID == "" {
				return
			}
			if refusal := registration.Unregister(deleted, func() {}); refusal != nil {
				deleted.Log().Warnf("an admin cannot delete the user: %s", cmp.Or(refusal.Text, string(refusal.Condition)))
			}
		})
	}
	u.Log().Infof("deletes %d users", len(values["accountjids"]))
	done(fmt.Sprintf("%d users are being removed.", len(values["accountjids"])), nil)
	return nil
}
