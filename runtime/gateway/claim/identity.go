package claim

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/gateway/settings"
)

// lookupTime limits how long a resolver that does not answer delays a start.
const lookupTime = 2 * time.Second

// thisMachine stands for each address of this machine.
const thisMachine = "127.0.0.1"

// lookup resolves the name of a host. Tests replace it.
var lookup = net.DefaultResolver.LookupNetIP

// identity is what only one process may serve: a JID at an XMPP server.
type identity struct {
	jid string
	// servers are names of the XMPP server as host:port, sorted: that of the config, and its
	// addresses. Two identities with a common name are the same, because the resolver may
	// answer one process only, or give each other addresses.
	servers []string
}

func identify(c *config.Config) identity { return identity{fold(c.JID()), servers(c)} }

// isOf reports whether a config has this identity.
func (id identity) isOf(c *config.Config) bool {
	return id.jid == fold(c.JID()) && slices.ContainsFunc(servers(c), func(s string) bool { return slices.Contains(id.servers, s) })
}

// Same reports whether only one of two configs can be served at the same time, because both
// have the same JID and the same XMPP server.
func Same(a, b *config.Config) bool {
	return fold(a.JID()) == fold(b.JID()) && identify(a).isOf(b)
}

// fold returns a JID in a form that is equal for all spellings of a domain.
func fold(jid string) string {
	jid = strings.TrimSuffix(settings.JID(jid), ".")
	if domain, err := idna.Punycode.ToUnicode(jid); err == nil {
		return domain
	}
	return jid
}

// servers returns the names of the XMPP server of a config.
func servers(c *config.Config) []string {
	server, _ := c.Get("service.server")
	port, _ := c.Get("service.port")
	if n, err := strconv.Atoi(port); err == nil {
		port = strconv.Itoa(n)
	}
	all := hosts(strings.ToLower(strings.TrimSuffix(server, ".")))
	for i, host := range all {
		all[i] = net.JoinHostPort(host, cmp.Or(port, "5347"))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// hosts returns the name of a host and its addresses.
func hosts(name string) []string {
	if name == "" || name == "localhost" {
		return []string{thisMachine}
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		return addresses([]netip.Addr{ip})
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	found, _ := lookup(ctx, "ip", name) // without an answer, the name has to do
	return append(addresses(found), name)
}

// addresses returns addresses as texts. Those of this machine are equal.
func addresses(ips []netip.Addr) []string {
	own, _ := net.InterfaceAddrs()
	isOwn := func(ip netip.Addr) bool {
		return ip.IsLoopback() || ip.IsUnspecified() || slices.ContainsFunc(own, func(a net.Addr) bool {
			prefix, err := netip.ParsePrefix(a.String())
			return err == nil && prefix.Addr().Unmap() == ip.WithZone("")
		})
	}
	all := make([]string, len(ips))
	for i, ip := range ips {
		ip = ip.Unmap()
		all[i] = ip.String()
		if isOwn(ip) {
			all[i] = thisMachine
		}
	}
	return all
}
