package backend

import (
	"context"
	"errors"
	"net/http"
	"time"

	"spectrumlua/luabind"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/shorten"
)

const (
	// maxLoggedLine limits the text of a line in the log, in bytes.
	maxLoggedLine = 500
	// keysTime is how long POST /keys waits for the script lock.
	keysTime = 500 * time.Millisecond
)

// consoleAllows returns nil if the config allows a line, and an error otherwise.
func (b *Backend) consoleAllows(readOnly bool) error {
	switch {
	case b.opts.Settings.Console == config.ConsoleOff:
		return forbidden("the console is turned off in the config ([lua] console = 0)")
	case b.opts.Settings.Console == config.ConsoleReadOnly && !readOnly:
		return forbidden("the console is read-only in the config ([lua] console = read-only): use --read-only")
	}
	return nil
}

func forbidden(text string) error { return &admin.Error{Status: http.StatusForbidden, Text: text} }

// adminEval runs a line of the console.
func (b *Backend) adminEval(r *admin.Request) (any, error) {
	var line admin.Line
	if err := r.Decode(&line); err != nil {
		return nil, err
	}
	masked := b.opts.Secrets.Hide(secret.Code(line.Text)) // before it is cut: half a secret would not be found
	log := b.log.WithField("by", r.Who).WithField("line", shorten.Sized(masked, maxLoggedLine)).WithField(logging.AlwaysField, true)
	if line.User != "" {
		log = log.WithField("user", line.User)
	}
	if err := b.consoleAllows(line.ReadOnly); err != nil {
		log.Warnf("a line of an admin was refused: %v", err)
		return nil, err
	}
	if line.ReadOnly {
		log.Info("an admin reads in the console")
	} else {
		log.Warn("an admin runs Lua in the console")
	}
	r.Unhurried()
	result, err := b.host.Console(r.Context(), luabind.Line{User: line.User, Text: line.Text, ReadOnly: line.ReadOnly})
	if err != nil {
		return nil, explainUser(line.User, err)
	}
	return admin.LineResult{
		Printed: b.hidden(result.Printed), Results: b.hidden(result.Results), Error: b.opts.Secrets.Hide(result.Error), Masked: masked,
	}, nil
}

// explainUser returns the error of the console with the user's name.
func explainUser(user string, err error) error {
	if errors.Is(err, luabind.ErrNotLoggedIn) {
		return notLoggedIn(user)
	}
	return err
}

func notLoggedIn(user string) error {
	return &admin.Error{Status: http.StatusNotFound, Text: user + " is not logged in"}
}

// hidden hides the secrets in texts.
func (b *Backend) hidden(texts []string) []string {
	for i, text := range texts {
		texts[i] = b.opts.Secrets.Hide(text)
	}
	return texts
}

// adminKeys returns names for the completion of a line.
func (b *Backend) adminKeys(r *admin.Request) (any, error) {
	var wanted admin.Keys
	if err := r.Decode(&wanted); err != nil {
		return nil, err
	}
	if err := b.consoleAllows(wanted.ReadOnly); err != nil {
		return nil, err
	}
	if wanted.Users {
		return admin.Names{Names: b.host.Users()}, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), keysTime)
	defer cancel()
	names, err := b.host.Keys(ctx, wanted.User, wanted.Path)
	if err != nil {
		return nil, explainUser(wanted.User, err)
	}
	return admin.Names{Names: names}, nil
}
