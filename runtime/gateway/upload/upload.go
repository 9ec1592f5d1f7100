// Package upload lets users upload files (XEP-0363). A client finds the transport like an
// upload service of its own server, so users of servers without one can send files, too.
package upload

import (
	"errors"
	"strconv"
	"strings"

	"spectrumlua/runtime/files"
	"spectrumlua/runtime/gateway/accounts"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature. The files go to a service.
func Feature(service *files.Service) router.Feature {
	u := uploads{service}
	return router.Feature{
		Name: "upload",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.Upload, Handle: u.request},
		},
		// Some clients look for this identity (XEP-0363, section 4).
		Identities: []router.Identity{{Target: router.Transport, Category: "store", Type: "file", Name: "Upload of files"}},
		Disco:      []router.Disco{{Target: router.Transport, Var: stanza.Upload}},
		Forms:      []router.Form{{Target: router.Transport, Node: u.limit}},
	}
}

type uploads struct{ service *files.Service }

// limit returns the form with the limit (XEP-0363, section 4).
func (u uploads) limit() *xmltree.Node {
	most := strconv.FormatInt(u.service.Settings().MaxSize, 10)
	return form.Form{Type: "result", Kind: stanza.Upload, Fields: []form.Field{{Var: "max-file-size", Values: []string{most}}}}.Node()
}

// request answers with a slot.
func (u uploads) request(user *router.User, s *router.Stanza) {
	name := stanza.Attr(s.Payload, "filename")
	size, err := strconv.ParseInt(strings.TrimSpace(stanza.Attr(s.Payload, "size")), 10, 64)
	if name == "" || err != nil || size < 0 {
		s.Fail(stanza.BadRequest, "The name or the size of the file is missing.")
		return
	}
	if e := registered(user); e != nil {
		s.Refuse(e)
		return
	}
	ctx, cancel := user.Context()
	defer cancel()
	slot, err := u.service.AddSlot(ctx, files.Meta{Owner: user.JID, Name: name, Type: stanza.Attr(s.Payload, "content-type"), Size: size})
	if err != nil {
		s.Refuse(u.refusal(user, err))
		return
	}
	s.Result(stanza.Element(stanza.Upload, "slot", nil,
		stanza.Element(stanza.Upload, "put", stanza.Attrs{"url", slot.Put}),
		stanza.Element(stanza.Upload, "get", stanza.Attrs{"url", slot.Get})))
}

// registered returns an error for users who may not use the transport.
func registered(user *router.User) *stanza.Error {
	if user.State != router.Offline {
		return nil
	}
	if _, err := accounts.Find(user); err != nil {
		return accounts.Refusal(user, "an upload", err)
	}
	return nil
}

// refusal returns the error for a slot that a user does not get (XEP-0363, section 5).
func (u uploads) refusal(user *router.User, err error) *stanza.Error {
	switch {
	case errors.Is(err, files.ErrTooLarge):
		most := u.service.Settings().MaxSize
		e := stanza.Errorf(stanza.NotAcceptable, "The file is too large. The limit is %d bytes.", most)
		e.App = stanza.App{Space: stanza.Upload, Name: "file-too-large", Child: "max-file-size", Text: strconv.FormatInt(most, 10)}
		return e
	case errors.Is(err, files.ErrManySlots), errors.Is(err, files.ErrUserQuota), errors.Is(err, files.ErrQuota):
		text := "Too many uploads have been requested. Try again later."
		if !errors.Is(err, files.ErrManySlots) {
			text = "The space for files is used up. Files are removed when they expire."
		}
		if errors.Is(err, files.ErrQuota) {
			user.Log().WithField("error", err.Error()).Warn("an upload is refused")
		}
		e := stanza.Errorf(stanza.ResourceConstraint, "%s", text)
		retry := user.Router().Clock.Now().Add(files.RetryAfter).UTC().Format("2006-01-02T15:04:05Z")
		e.App = stanza.App{Space: stanza.Upload, Name: "retry", Attr: "stamp", Value: retry}
		return e
	}
	user.Log().WithField("error", err.Error()).Error("an upload is refused")
	return stanza.Errorf(stanza.InternalServerError, "Files cannot be uploaded at the moment.")
}
