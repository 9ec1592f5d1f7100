// Package process handles the payloads of the script that are about no user.
package process

import (
	"slices"
	"strings"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	q := &queries{users: map[string]struct{}{}}
	return router.Feature{
		Name: "process",
		Payloads: []router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_BACKEND_CONFIG, router.Any, backendConfig),
			router.OnRaw(pb.WrapperMessage_TYPE_RAW_XML, rawXML),
			router.On(pb.WrapperMessage_TYPE_QUERY, router.Any, q.answer),
		},
		Hooks: router.Hooks{
			Script:   q.start,
			LoggedIn: func(u *router.User) { q.online(u.JID, true) },
			Logout:   func(u *router.User) { q.online(u.JID, false) },
		},
	}
}

// backendConfig notes the features that the script announces. As with Spectrum, the first
// value of a key stays.
func backendConfig(u *router.User, c *pb.BackendConfig) {
	section := ""
	for line := range strings.Lines(c.GetConfig()) {
		line = strings.TrimSpace(line)
		key, value, isSetting := strings.Cut(line, "=")
		switch {
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		case isSetting:
			u.Router().Shared.Announce(section, strings.TrimSpace(key), strings.TrimSpace(value))
		}
	}
	u.Hooks(func(h *router.Hooks) func(*router.User) { return h.Script })
}

// rawXML sends a stanza of the script. As with Spectrum, a stanza without a sender is from
// the transport.
func rawXML(u *router.User, text string) {
	n, err := xmltree.Parse(text, xmltree.DefaultLimits)
	if err != nil {
		u.Log().WithField("error", err.Error()).Warn("raw_xml: the stanza is dropped")
		return
	}
	if n.Get("from") == "" {
		isSender := func(a xmltree.Attr) bool { return a.Name == "from" && a.Space == "" }
		n.Attr = append(slices.DeleteFunc(n.Attr, isSender), xmltree.Attr{Name: "from", Value: u.Router().JID()})
	}
	u.Send(n)
}
