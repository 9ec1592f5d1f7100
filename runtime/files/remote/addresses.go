package remote

import "net/netip"

// closed are the networks that are not the public internet, besides those that netip.Addr
// knows (IANA special-purpose address registries, RFC 6890). Of IPv6, only 2000::/3 is
// public at all.
var closed = prefixes(
	"0.0.0.0/8",       // this network
	"100.64.0.0/10",   // carriers' networks (RFC 6598)
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",     // reserved, and broadcast
	"2001::/23",       // protocol assignments, with Teredo
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4, which contains an IPv4 address
	"3fff::/20",       // documentation
)

// unicast are the public addresses of IPv6. Addresses of NAT64 (64:ff9b::/96), mapped IPv4
// addresses and unique local ones are not among them.
var unicast = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// Public reports whether an address belongs to the public internet.
func Public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" || a.Is4In6() {
		return false
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !unicast.Contains(a) {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
