package ids

import (
	"testing"
)

// event is an id of Matrix.
const event = "$acR1l0raoZnm60CBwAVgqbZqoO_mYU81xysh1u7XcJk"

func TestPairOfMatrixIsShort(t *testing.T) {
	p := pair{stanza: "0b4f7a2e-91c3-4d5e-8f60-123456789abc", network: event}
	if n := len(p.pack()); n != 1+16+32 {
		t.Errorf("%d bytes", n)
	}
	p.network = "$_-" + event[3:]
	if n := len(p.pack()); n != 1+16+32 || *unpack(p.pack()) != p {
		t.Errorf("%d bytes, %+v", n, unpack(p.pack()))
	}
}

func FuzzPairsArePackedAndUnpacked(f *testing.F) {
	f.Add("c1", "41", true, false)
	f.Add("n:41", "41", false, false)
	f.Add("0b4f7a2e-91c3-4d5e-8f60-123456789abc", "41", true, true)
	f.Add("0B4F7A2E-91C3-4D5E-8F60-123456789ABC", "", true, true)
	f.Add("", "", false, false)
	f.Add("c1", "0b4f7a2e-91c3-4d5e-8f60-123456789abc", true, false)
	f.Add("c1", event, true, false)
	f.Add(Stanza(event), event, false, false)
	f.Add("c1", event[:43]+"B", true, false) // the last bits are not zero
	f.Add("\x10", "\x31\x00$", true, false)
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
