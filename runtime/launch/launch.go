// Package launch parses the command line with which Spectrum 2 starts a backend.
//
// Spectrum passes three arguments, followed by its own command line:
//
//	--host 127.0.0.1 --port 34155 --service.backend_id=1 -n /etc/spectrum2/transports/echo.cfg
//
// Parse therefore has to find the config file among flags that it does not know,
// including those of later versions of Spectrum.
package launch

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"spectrumlua/runtime/config"
)

// Args is a parsed command line.
type Args struct {
	Host       string // where Spectrum listens: a name or an address, IPv6 without brackets
	Port       int    // 1 to 65535
	ConfigFile string // as given; a relative name starts at the folder where Spectrum was started
	JID        string // from -j or --jid, replaces service.jid; "": not given

	// Overrides are the --section.key=value arguments in order, including
	// Spectrum's service.backend_id.
	Overrides []config.Override

	// Ignored are the flags without an effect, without their values, which may be
	// secret.
	Ignored []string

	Help, Version bool
}

// Address returns host and port in the format of net.Dial.
func (a Args) Address() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// UsageError describes the problems of a command line. The process should exit with
// EINVAL.
type UsageError struct {
	Problems []string // what is wrong and what to do, for each problem
}

// Error returns the problems, one on each line.
func (e *UsageError) Error() string { return strings.Join(e.Problems, "\n") }

// Parse parses the arguments, without the program's name. fileExists reports
// whether a file of that name exists; nil selects the file system, where a folder
// does not count.
//
// The last of repeated flags counts. Unknown flags are ignored. The word after an
// unknown flag may be its value or the config file. The config file is therefore
// that of --config, or else the best of the words that are not values of known
// flags. A word is better, in this order, if the file exists, if its name ends in
// .cfg, if it follows --host (earlier words come from the backend= line), if it
// does not directly follow an unknown flag, or if it comes later. "--section.key
// WORD" sets the key if WORD is not the config file.
//
// If Help or Version is set, Parse returns no error and all other fields are
// undefined. Any error is a *UsageError.
func Parse(args []string, fileExists func(string) bool) (Args, error) {
	if fileExists == nil {
		fileExists = isFile
	}
	r := &reader{}
	r.read(args)
	if r.Help || r.Version {
		return r.Args, nil
	}
	r.settleHost()
	r.settlePort()
	r.settleJID()
	r.settleConfig(fileExists)
	if len(r.problems) > 0 {
		return Args{}, &UsageError{Problems: r.problems}
	}
	return r.Args, nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}

// settleHost sets Host.
func (r *reader) settleHost() {
	host := r.host.text
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok && isIPv6(inner) {
			host = inner
		}
	}
	switch {
	case !r.host.given:
		r.wrong("--host is missing; give the address on which Spectrum 2 listens for backends, such as --host 127.0.0.1")
	case host == "":
		r.wrong("--host has no value; give the address on which Spectrum 2 listens for backends, such as --host 127.0.0.1")
	case isIPv6(host):
		r.Host = host
	case strings.ContainsAny(host, ":[]"):
		r.wrong("--host %q is neither a name nor an address; the port has a flag of its own, --port, and IPv6 is written as ::1 or [::1]", host)
	case host[0] == '-' || strings.ContainsAny(host, " \t\r\n/"):
		r.wrong("--host %q is neither a name nor an address; give one such as localhost, 127.0.0.1 or ::1", host)
	default:
		r.Host = host
	}
}

func isIPv6(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.Is6()
}

// settlePort sets Port.
func (r *reader) settlePort() {
	switch port, err := strconv.ParseUint(r.port.text, 10, 16); {
	case !r.port.given:
		r.wrong("--port is missing; give the port that Spectrum 2 listens on for its backends, such as --port 10000")
	case r.port.text == "":
		r.wrong("--port has no value; give a number from 1 to 65535")
	case err != nil || port == 0:
		r.wrong("--port %q is not a port; give a number from 1 to 65535", r.port.text)
	default:
		r.Port = int(port)
	}
}

// settleJID sets JID. Spectrum ignores an empty JID.
func (r *reader) settleJID() {
	r.JID = r.jid.text
	if r.jid.bare {
		r.wrong("--jid has no value; give the transport's JID, or omit --jid")
	}
}
