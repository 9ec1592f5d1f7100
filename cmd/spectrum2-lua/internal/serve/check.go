package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind/backend"
	"spectrumlua/pb"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/claim"
	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/gateway/users"
)

// Verdict is the outcome of a test.
type Verdict string

// Verdicts.
const (
	Passed  Verdict = "ok"
	Failed  Verdict = "FAIL"
	Skipped Verdict = "skip"
)

// Finding is the result of one test of a transport.
type Finding struct {
	Verdict Verdict
	Test    string // config, database, process, script, files, metrics or server
	Text    string
	Advice  string // what to do, in one or more lines; or ""
}

// Check tests the configs of transports that one process is to run, their databases, their
// scripts, and the connections to the XMPP servers, and reports each result. It loads the
// scripts as at a start, without users. If another process serves the JID of a transport,
// Check tests only the config and the database, because it would disturb the other process.
func Check(ctx context.Context, files []string, report func(Finding)) {
	var checked []*Transport
	for _, file := range files {
		t, err := load(file)
		if err != nil {
			report(Finding{Failed, "config", err.Error(), ""})
			continue
		}
		t.check(ctx, checked, func(f Finding) {
			f.Text = t.secrets.Hide(f.Text)
			report(f)
		})
		checked = append(checked, t)
	}
}

// check tests a transport that is to run beside others.
func (t *Transport) check(ctx context.Context, others []*Transport, report func(Finding)) {
	report(Finding{Passed, "config", t.config.Path() + ": " + t.config.JID(), ""})
	for _, warning := range warnings(t.config) {
		report(Finding{Passed, "config", "warning: " + warning, ""})
	}
	for _, other := range others {
		if text := clash(other.config, t.config); text != "" {
			report(Finding{Failed, "config", text, ""})
		}
	}
	report(t.checkDatabase(ctx))
	taken, err := claim.Take(t.config)
	var served *claim.TakenError
	var shared *claim.FolderError
	switch {
	case errors.As(err, &served):
		const use = "not tested, because this transport runs already: "
		report(Finding{Skipped, "script", use + served.Process, "`spectrum2-lua check` reads a script without running it"})
		report(Finding{Skipped, "server", use + served.Process, ""})
		return
	case errors.As(err, &shared) && shared.JID != "": // the tests do not disturb another transport
		report(Finding{Failed, "process", err.Error(), ""})
	case err != nil:
		report(Finding{Failed, "process", err.Error(), ""})
		return
	default:
		defer taken.Release()
	}
	report(t.checkScript(ctx))
	if t.files.On() {
		report(t.checkFiles())
	}
	if t.metrics.Listen != "" {
		report(t.checkMetrics())
	}
	report(t.checkServer(ctx))
}

func (t *Transport) checkDatabase(ctx context.Context) Finding {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	store, err := users.Open(ctx, t.config)
	if err != nil {
		return Finding{Failed, "database", err.Error(), databaseAdvice(err)}
	}
	defer func() { _ = store.Close() }() // it was only read
	all, err := store.All(ctx)
	if err != nil {
		return Finding{Failed, "database", err.Error(), "check that the tables belong to Spectrum 2, and [database] prefix"}
	}
	return Finding{Passed, "database", fmt.Sprintf("%v: registered users: %d", store, len(all)), ""}
}

// databaseAdvice says what to do if the database cannot be opened.
func databaseAdvice(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "start this program as the user that owns the folder, such as root, or name a folder of your own"
	}
	return "correct the section [database], or start the database server"
}

// checkScript loads the script. What the load logs is dropped, except its error.
func (t *Transport) checkScript(ctx context.Context) Finding {
	log := logrus.New()
	log.SetOutput(io.Discard)
	b := backend.New(backend.Options{
		Context: ctx, Config: t.config, Settings: t.script, Secrets: t.secrets,
		Log:  func(string) logrus.FieldLogger { return log },
		Peer: func(backend.Wiring) backend.Peer { return nowhere{} },
	})
	defer b.Close()
	if err := b.LoadError(); err != nil {
		return Finding{Failed, "script", err.Error(), "`spectrum2-lua check " + t.config.Path() + "` may say more"}
	}
	return Finding{Passed, "script", t.script.Script, ""}
}

// checkFiles tests the folder and the port of the file server.
func (t *Transport) checkFiles() Finding {
	if err := files.Check(t.files); err != nil {
		return Finding{Failed, "files", err.Error(), "correct the section [files], or stop the program that uses the port"}
	}
	return Finding{Passed, "files", fmt.Sprintf("%s: %s", t.files.Listen, t.files.Folder), ""}
}

func (t *Transport) checkServer(ctx context.Context) Finding {
	err := gateway.Check(ctx, t.settings)
	if err == nil {
		return Finding{Passed, "server", t.settings.Service.Address + " accepts " + t.config.JID(), ""}
	}
	f := Finding{Failed, "server", err.Error(), ""}
	var failed *component.Error
	if errors.As(err, &failed) {
		f.Advice = failed.Advice()
	}
	return f
}

// nowhere is the peer of a script that is only loaded.
type nowhere struct{}

func (nowhere) Send(pb.WrapperMessage_Type, []byte) error { return nil }
func (nowhere) Full() bool                                { return false }
func (nowhere) WaitCapacity(context.Context) error        { return nil }
func (nowhere) Sent() uint64                              { return 0 }
func (nowhere) Queued() int64                             { return 0 }
func (nowhere) Connected() bool                           { return false }
func (nowhere) Run(context.Context) error                 { return nil }
func (nowhere) Close(context.Context)                     {}
