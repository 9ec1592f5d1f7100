package luabind

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// TestBuddies puts and removes random contacts and compares the result with a map.
func TestBuddies(t *testing.T) {
	about := func(name, alias string) []byte {
		payload, err := proto.Marshal(&pb.Buddy{UserName: proto.String("alice"), BuddyName: &name, Alias: &alias})
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	var b buddies
	want := map[string]string{}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 5000 {
		name := fmt.Sprintf("%x", random.IntN(100))
		if random.IntN(3) == 0 {
			delete(want, name)
			b.remove(about(name, ""))
		} else {
			payload := about(name, fmt.Sprint(i))
			want[name] = string(payload)
			b.put(payload)
			payload[len(payload)-1]++ // buddies has a copy
		}
		name = fmt.Sprintf("%x", random.IntN(100))
		if got := b.find(name); string(got) != want[name] || len(b) != len(want) {
			t.Fatalf("%s is %q, not %q; %d of %d", name, got, want[name], len(b), len(want))
		}
	}
}
