package gateway_test

import (
	"slices"
	"testing"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
)

// TestFeaturesAreListedOnce: some clients compute the hash of capabilities without removing
// repeated features.
func TestFeaturesAreListedOnce(t *testing.T) {
	s := play(t, "", uploading, func(s *scene) { s.handles = func(pb.WrapperMessage_Type) bool { return true } })
	s.inRoom()
	for _, to := range []string{transport, "carol@" + transport + "/bot", roomJID, roomJID + "/carol"} {
		var all []string
		for _, n := range stanza.Children(s.result("get", to, `<query xmlns="http://jabber.org/protocol/disco#info"/>`)) {
			if n.Name == "feature" {
				all = append(all, stanza.Attr(n, "var"))
			}
		}
		slices.Sort(all)
		if once := slices.Compact(slices.Clone(all)); len(once) != len(all) {
			t.Errorf("%s has the features %q", to, all)
		}
	}
}
