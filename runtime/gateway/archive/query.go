package archive

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/gateway/accounts"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/paging"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// maxPage is the number of messages in one answer.
const maxPage = 100

// maxPageSize is the size of the messages in one page, in bytes of XML. A single message may be
// longer.
const maxPageSize = 256 << 10

// maxIDs is the number of messages that a client may ask for by their ids.
const maxIDs = 100

// ask handles requests for messages, and changes of the preferences.
func ask(u *router.User, s *router.Stanza) {
	ctx, cancel := u.Context()
	defer cancel()
	keepers.Of(u.Router()).Flush(ctx)
	var refusal *stanza.Error
	switch s.Payload.Name {
	case "query":
		refusal = query(u, s)
	case "prefs":
		refusal = setPreferences(u, s)
	default:
		refusal = stanza.Errorf(stanza.FeatureNotImplemented, "")
	}
	if refusal != nil {
		s.Refuse(refusal)
	}
}

// page is what a client asks for.
type page struct {
	chats bool       // the archive is that of all chats
	span  users.Span // what the filters allow
	ids   []string   // only these messages, if there are any
	most  int
	last  bool  // the last messages of the span
	after int64 // the page begins behind this message
	until int64 // the page ends in front of this message; 0 without a limit
	flip  bool  // the last message comes first
	none  bool  // the filters exclude everything
}

// query handles a request for messages (XEP-0313, section 4).
func query(u *router.User, s *router.Stanza) *stanza.Error {
	p, refusal := read(u, s)
	if refusal != nil {
		return refusal
	}
	var messages []users.Archived
	var err error
	total, complete := 0, true
	switch {
	case p.none:
	case len(p.ids) > 0:
		messages, err = byIDs(u, p)
		total = len(messages)
	default:
		messages, total, complete, err = readPage(u, p)
	}
	if err != nil {
		return refused(u, err)
	}
	fin := stanza.Element(stanza.Archive, "fin", nil)
	if complete {
		stanza.SetAttr(fin, "complete", "true")
	}
	index := 0
	if len(messages) > 0 && len(p.ids) == 0 {
		before := p.span
		before.Before = messages[0].Order
		if index, err = count(u, before); err != nil {
			return refused(u, err)
		}
	}
	for i := range messages {
		m := messages[i]
		if p.flip {
			m = messages[len(messages)-1-i]
		}
		if !u.WaitCapacity() {
			return nil
		}
		if n := result(u, s, m); n != nil {
			u.Send(n)
		}
	}
	s.Result(stanza.Add(fin, paging.Set(messages, func(m users.Archived) string { return archiveID(s, m) }, index, total)))
	return nil
}

// refused converts an error of the database or of a request.
func refused(u *router.User, err error) *stanza.Error {
	if refusal := (*stanza.Error)(nil); errors.As(err, &refusal) {
		return refusal
	}
	return accounts.Refusal(u, "the archive", err)
}

// read reads a request.
func read(u *router.User, s *router.Stanza) (p page, refusal *stanza.Error) {
	p = page{chats: s.Target == router.Transport, span: spanOf(u, s), most: maxPage, flip: stanza.Child(s.Payload, stanza.Archive, "flip-page") != nil}
	if refusal = filter(u, s, &p); refusal != nil {
		return p, refusal
	}
	set := stanza.Child(s.Payload, stanza.ResultSet, "set")
	most, refusal := paging.Max(set)
	if refusal != nil {
		return p, refusal
	}
	p.most = min(most, maxPage)
	if stanza.Child(set, stanza.ResultSet, "index") != nil {
		return p, stanza.Errorf(stanza.FeatureNotImplemented, "this archive has no pages by index")
	}
	if after := stanza.ChildText(set, stanza.ResultSet, "after"); after != "" {
		if p.after, refusal = order(u, &p, after); refusal != nil {
			return p, refusal
		}
	}
	if before := stanza.Child(set, stanza.ResultSet, "before"); before != nil {
		p.last = true
		if id := stanza.Body(before); id != "" {
			if p.until, refusal = order(u, &p, id); refusal != nil {
				return p, refusal
			}
		}
	}
	return p, nil
}

// filter reads the form with the filters of a request.
func filter(u *router.User, s *router.Stanza, p *page) *stanza.Error {
	values, canceled, ok := form.Read(s.Payload)
	if !ok {
		return nil
	}
	if canceled || values.Text("FORM_TYPE") != stanza.Archive {
		return stanza.Errorf(stanza.BadRequest, "the form of a request has the type submit and the FORM_TYPE %s", stanza.Archive)
	}
	for name, given := range values {
		switch {
		case name == "FORM_TYPE":
		case known[name] == nil:
			return stanza.Errorf(stanza.FeatureNotImplemented, "this archive has no filter %.40q", name)
		case name != "ids" && len(given) > 1:
			return stanza.Errorf(stanza.BadRequest, "the filter %s has one value", name)
		}
	}
	for _, name := range fields {
		if len(values[name]) == 0 {
			continue
		}
		if refusal := known[name](u, p, values[name]); refusal != nil {
			return refusal
		}
	}
	return nil
}

// fields are the filters, in the order in which they apply. Those of XEP-0313 version 1.1
// follow the basic ones.
var fields = []string{"with", "start", "end", "after-id", "before-id", "ids"}

// known has what each filter does.
var known = map[string]func(u *router.User, p *page, values []string) *stanza.Error{
	"with": func(u *router.User, p *page, values []string) *stanza.Error {
		if !jid.Valid(values[0]) {
			return stanza.Errorf(stanza.BadRequest, "%.40q is not a JID", values[0])
		}
		_, domain, _ := jid.Split(values[0])
		switch address := addressOf(values[0]); {
		case domain != u.Router().JID():
			p.none = true
		case p.span.Address == "" && strings.HasSuffix(address, "/bot") && !u.IsRoom(values[0]): // the resource of contacts
			p.span.Address = strings.TrimSuffix(address, "/bot")
		case p.span.Address == "":
			p.span.Address = address
		case p.span.Address != address:
			p.none = true
		}
		return nil
	},
	"start": func(_ *router.User, p *page, values []string) *stanza.Error {
		at, refusal := timeOf(values[0])
		p.span.After = max(p.span.After, at.Truncate(time.Second).UnixMicro()-1)
		return refusal
	},
	"end": func(_ *router.User, p *page, values []string) *stanza.Error {
		at, refusal := timeOf(values[0])
		p.span.Before = max(1, at.Truncate(time.Second).Add(time.Second).UnixMicro()) // 0 is no limit
		return refusal
	},
	"after-id": func(u *router.User, p *page, values []string) (refusal *stanza.Error) {
		after, refusal := order(u, p, values[0])
		p.span.After = max(p.span.After, after)
		return refusal
	},
	"before-id": func(u *router.User, p *page, values []string) *stanza.Error {
		before, refusal := order(u, p, values[0])
		if p.span.Before == 0 || before < p.span.Before {
			p.span.Before = before
		}
		return refusal
	},
	"ids": func(_ *router.User, p *page, values []string) *stanza.Error {
		if len(values) > maxIDs {
			return stanza.Errorf(stanza.NotAcceptable, "at most %d ids", maxIDs)
		}
		p.ids = values
		return nil
	},
}

func timeOf(text string) (time.Time, *stanza.Error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, stanza.Errorf(stanza.BadRequest, "%.40q is not a time as in XEP-0082", text)
	}
	return at, nil
}

// archiveID returns the id of a message in the archive to which a stanza is addressed. Two
// chats may have messages with the same id, so the archive of all chats has ids of its own.
func archiveID(s *router.Stanza, m users.Archived) string {
	if s.Target == router.Transport {
		return strconv.FormatInt(m.Order, 10)
	}
	return m.ID
}

// order returns the place of a message in an archive, without the limits of the span.
func order(u *router.User, p *page, id string) (int64, *stanza.Error) {
	ctx, cancel := u.Context()
	defer cancel()
	found, ok, err := find(ctx, u, p, id)
	switch {
	case err != nil:
		return 0, refused(u, err)
	case !ok:
		return 0, stanza.Errorf(stanza.ItemNotFound, "")
	}
	return found, nil
}

// find is the reverse of archiveID.
func find(ctx context.Context, u *router.User, p *page, id string) (order int64, ok bool, err error) {
	if !p.chats {
		return u.Store().FindArchived(ctx, users.Span{JID: u.JID, Address: p.span.Address}, id)
	}
	if order, err = strconv.ParseInt(id, 10, 64); err != nil || order <= 0 {
		return 0, false, nil //nolint:nilerr // it is no id of this archive
	}
	all, err := u.Store().Archived(ctx, users.Span{JID: u.JID, After: order - 1, Before: order + 1}, 1, false)
	return order, len(all) > 0, err
}

// readPage reads the page. total is the number of messages that the filters allow. complete
// reports whether nothing follows in the direction of the request.
func readPage(u *router.User, p page) (messages []users.Archived, total int, complete bool, err error) {
	if total, err = count(u, p.span); err != nil || p.most == 0 {
		return nil, total, total == 0, err
	}
	part := p.span
	part.After = max(part.After, p.after)
	if p.until != 0 && (part.Before == 0 || p.until < part.Before) {
		part.Before = p.until
	}
	ctx, cancel := u.Context()
	defer cancel()
	messages, err = u.Store().Archived(ctx, part, p.most+1, p.last)
	complete = len(messages) <= p.most
	switch {
	case complete:
	case p.last:
		messages = messages[1:]
	default:
		messages = messages[:p.most]
	}
	fitting := fit(messages, p.last)
	return fitting, total, complete && len(fitting) == len(messages), err
}

// fit returns the first messages of a page within maxPageSize, or the last ones. It returns at
// least one, so that the client gets on.
func fit(messages []users.Archived, last bool) []users.Archived {
	size := 0
	for i := range messages {
		m := messages[i]
		if last {
			m = messages[len(messages)-1-i]
		}
		switch size += len(m.Stanza); {
		case size <= maxPageSize || i == 0:
		case last:
			return messages[len(messages)-i:]
		default:
			return messages[:i]
		}
	}
	return messages
}

func count(u *router.User, span users.Span) (int, error) {
	ctx, cancel := u.Context()
	defer cancel()
	return u.Store().CountArchived(ctx, span)
}

// byIDs returns messages by their ids. It fails unless all exist.
func byIDs(u *router.User, p page) ([]users.Archived, error) {
	var all []users.Archived
	for _, id := range p.ids {
		place, refusal := order(u, &p, id)
		if refusal != nil {
			return nil, refusal
		}
		one := p.span
		one.After, one.Before = place-1, place+1
		ctx, cancel := u.Context()
		found, err := u.Store().Archived(ctx, one, 1, false)
		cancel()
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// result returns the stanza with one message of the archive, or nil if it cannot be read.
func result(u *router.User, s *router.Stanza, m users.Archived) *xmltree.Node {
	n, err := xmltree.Parse(m.Stanza, xmltree.DefaultLimits)
	if err != nil {
		u.Log().WithField("error", err.Error()).Warn("a message of the archive is not shown")
		return nil
	}
	from := s.To
	if s.Target != router.Occupant {
		from = jid.Bare(s.To)
	}
	return stanza.Message(from, s.From, "",
		stanza.Element(stanza.Archive, "result", stanza.Attrs{"queryid", stanza.Attr(s.Payload, "queryid"), "id", archiveID(s, m)},
			stanza.Element(stanza.Forward, "forwarded", nil,
				stanza.Element(stanza.Delay, "delay", stanza.Attrs{"stamp", m.At().Format(time.RFC3339)}),
				stanza.ForClients(n))))
}

// InRoom returns the last messages of a room, at most that many, each with its time
// (XEP-0203). Messages that have been withdrawn are missing.
func InRoom(u *router.User, room string, most int) []*xmltree.Node {
	if on, _, _ := limits(u); !on {
		return nil
	}
	ctx, cancel := u.Context()
	defer cancel()
	stored, err := u.Store().Archived(ctx, users.Span{JID: u.JID, Address: addressOf(room)}, most, true)
	if err != nil {
		u.Log().WithFields(logrus.Fields{"room": room, "error": err.Error()}).Warn("the history of a room is not read")
	}
	var all []*xmltree.Node
	for _, m := range stored {
		if n, err := xmltree.Parse(m.Stanza, xmltree.DefaultLimits); err == nil && stanza.Child(n, stanza.Retract, "retracted") == nil {
			all = append(all, stanza.Add(n, stanza.Element(stanza.Delay, "delay", stanza.Attrs{"from", room, "stamp", m.At().Format(time.RFC3339)})))
		}
	}
	return all
}
