package claim

import (
	"context"
	"net/netip"
	"testing"
)

// ReplaceLookup replaces the resolver until the test ends. addresses are those of each host;
// hosts without an entry are unknown.
func ReplaceLookup(t *testing.T, addresses map[string]string) {
	t.Helper()
	before := lookup
	t.Cleanup(func() { lookup = before })
	lookup = func(ctx context.Context, _, host string) ([]netip.Addr, error) {
		if _, limited := ctx.Deadline(); !limited {
			t.Errorf("the lookup of %s may take forever", host)
		}
		ip, known := addresses[host]
		if !known {
			return nil, context.DeadlineExceeded
		}
		return []netip.Addr{netip.MustParseAddr(ip)}, nil
	}
}
