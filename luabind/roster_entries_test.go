package luabind

import (
	"math/rand/v2"
	"testing"
)

// TestRosterEntriesAreLikeAMap changes few and many contacts at random.
func TestRosterEntriesAreLikeAMap(t *testing.T) {
	for _, names := range []uint64{3, maxFew, 4 * maxFew} {
		var entries rosterEntries
		want := map[uint64]rosterEntry{}
		random := rand.New(rand.NewPCG(1, names))
		for i := range 2000 {
			name := random.Uint64N(names)
			switch random.IntN(3) {
			case 0:
				e := rosterEntry{name, uint64(i), random.Uint64()}
				entries.put(e)
				want[name] = e
			case 1:
				entries.remove(name)
				delete(want, name)
			default:
				got, ok := entries.get(name)
				if e, has := want[name]; got != e || ok != has {
					t.Fatalf("%d names, change %d: %v, %v; want %v, %v", names, i, got, ok, e, has)
				}
			}
		}
	}
}
