package commands

import (
	"cmp"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/service"
	"spectrumlua/runtime/stanza"
)

// prefix begins the nodes of the script's commands.
const prefix = "script/"

// shortRun is how long a command of the script may take to complete its form. After that,
// its result comes as a message.
const shortRun = 15 * time.Second

// declared are the commands of the script.
type declared struct {
	mu  sync.Mutex
	all []*pb.Command
}

var scripts router.Common[declared]

// announced handles COMMANDS.
func announced(u *router.User, m *pb.Commands) {
	d := scripts.Of(u.Router())
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = m.GetCommand()
}

// commandsOf returns all commands, in the order in which clients show them.
func commandsOf(r *router.Router) []command {
	d := scripts.Of(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	list := append([]command{answerCommand}, all...)
	for _, c := range d.all {
		list = append(list, ofScript(c))
	}
	return list
}

// ofScript returns a command of the script.
func ofScript(c *pb.Command) command {
	own := command{
		node: prefix + c.GetName(), name: cmp.Or(c.GetDescription(), c.GetName()),
		allows: func(u *router.User, registered bool) bool {
			return registered && u.State != router.Offline && (!c.GetAdmin() || isAdmin(u, registered))
		},
		run: func(u *router.User, values form.Submitted, done done) *stanza.Error {
			return runScript(u, c, values, done)
		},
		waits: true,
	}
	if len(c.GetArgument()) > 0 {
		own.form = func(*router.User) (form.Form, *stanza.Error) { return argumentForm(c), nil }
	}
	return own
}

// argumentForm returns a form with the arguments of a command.
func argumentForm(c *pb.Command) form.Form {
	f := form.Form{Type: "form", Title: "/" + c.GetName(), Instructions: c.GetDescription()}
	for _, a := range c.GetArgument() {
		f.Fields = append(f.Fields, form.Field{
			Var: a.GetName(), Type: inputType(a.GetSecret(), a.GetOptions()), Label: cmp.Or(a.GetDescription(), a.GetName()),
			Required: !a.GetOptional(), Options: a.GetOptions(),
		})
	}
	return f
}

func inputType(secret bool, options []string) string {
	switch {
	case len(options) > 0:
		return form.List
	case secret:
		return form.Private
	}
	return form.Text
}

// runs are the commands of a user that the script runs, by their ids.
var runs router.Slot[map[string]done]

// maxRuns limits the commands of a user that the script runs.
const maxRuns = 16

func runScript(u *router.User, c *pb.Command, values form.Submitted, done done) *stanza.Error {
	all := runs.Of(u)
	if len(*all) >= maxRuns {
		return stanza.Errorf(stanza.ResourceConstraint, "Too many of your commands are running.")
	}
	if *all == nil {
		*all = map[string]func(string, *form.Form, ...string){}
	}
	id := rand.Text()
	given := map[string]string{}
	for _, a := range c.GetArgument() {
		if text := strings.TrimSpace(values.Text(a.GetName())); text != "" {
			given[a.GetName()] = text
		}
	}
	(*all)[id] = done
	u.After(shortRun, func(u *router.User) {
		if m := runs.Peek(u); m != nil && (*m)[id] != nil {
			(*m)[id]("The command is still running. Its result follows as a message.", nil)
			(*m)[id] = func(note string, _ *form.Form, _ ...string) { service.Notice(u, note) }
		}
	})
	u.Deliver(pb.WrapperMessage_TYPE_COMMAND, &pb.CommandRun{UserName: &u.JID, Id: &id, Name: c.Name, Argument: given})
	return nil
}

// finished handles the result of a command.
func finished(u *router.User, m *pb.CommandRun) {
	all := runs.Peek(u)
	if all == nil || (*all)[m.GetId()] == nil {
		return
	}
	done := (*all)[m.GetId()]
	delete(*all, m.GetId())
	if m.GetFailed() {
		done(m.GetResult(), nil, "error")
		return
	}
	done(m.GetResult(), nil)
}

// answerCommand answers the open question of the script.
var answerCommand = command{
	node: "answer", name: "Answer the question",
	allows: func(u *router.User, _ bool) bool { return service.Open(u) != nil },
	form:   questionForm,
	run: func(u *router.User, values form.Submitted, done done) *stanza.Error {
		answer := values.Text("answer")
		if strings.TrimSpace(answer) == "" {
			return stanza.Errorf(stanza.NotAcceptable, "The answer is missing.")
		}
		service.Answer(u, values.Text("question"), answer)
		done("Your answer is sent.", nil)
		return nil
	},
}

func questionForm(u *router.User) (form.Form, *stanza.Error) {
	q := service.Open(u)
	if q == nil {
		return form.Form{}, stanza.Errorf(stanza.ItemNotFound, "There is no question.")
	}
	return form.Form{Type: "form", Title: "Question", Instructions: q.GetText(), Fields: []form.Field{
		{Var: "question", Type: form.Hidden, Values: []string{q.GetId()}},
		{Var: "answer", Type: inputType(q.GetSecret(), q.GetOptions()), Label: "Answer", Required: true, Options: q.GetOptions(), Media: service.Media(u)},
	}}, nil
}
