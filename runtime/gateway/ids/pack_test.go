package ids

import "testing"

func FuzzPairsArePackedAndUnpacked(f *testing.F) {
	f.Add("c1", "41", true, false)
	f.Add("n:41", "41", false, false)
	f.Add("0b4f7a2e-91c3-4d5e-8f60-123456789abc", "41", true, true)
	f.Add("0B4F7A2E-91C3-4D5E-8F60-123456789ABC", "", true, true)
	f.Add("", "", false, false)
	f.Fuzz(func(t *testing.T, stanza, network string, own, receipt bool) {
		p := pair{stanza: stanza, network: network, own: own, receipt: receipt}
		if got := unpack(p.pack()); got == nil || *got != p {
			t.Errorf("%+v became %+v", p, got)
		}
		if p := unpack([]byte(stanza)); p != nil && *unpack(p.pack()) != *p {
			t.Errorf("%q became %+v", stanza, p)
		}
	})
}
