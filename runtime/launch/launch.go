// Package launch reads the command line with which Spectrum 2 starts a backend.
//
// Spectrum gives three arguments of its own, and then passes on its own command
// line as it is:
//
//	--host 127.0.0.1 --port 34155 --service.backend_id=1 -n /etc/spectrum2/transports/echo.cfg
//
// So whatever Spectrum accepts, today or in a later version, has to be read
// here without taking the config file for something else.
package launch

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"spectrumlua/runtime/config"
)

// Args is what the command line says.
type Args struct {
	Host       string // where Spectrum listens: a name or an address, IPv6 without brackets
	Port       int    // 1 to 65535
	ConfigFile string // as given; a relative one is meant from where Spectrum was started
	JID        string // of -j or --jid, takes the place of service.jid; "": not given

	// Overrides are the --section.key=value arguments in their order, Spectrum's
	// service.backend_id among them.
	Overrides []config.Override

	// Ignored are the flags that mean nothing here, without their values, which
	// may be secret.
	Ignored []string

	Help, Version bool
}

// Address returns host and port as net.Dial takes them.
func (a Args) Address() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// UsageError says what is wrong with a command line. A process that was given
// such a one ends with EINVAL.
type UsageError struct {
	Problems []string // what is wrong and what to do, one each
}

// Error returns the problems, one a line.
func (e *UsageError) Error() string { return strings.Join(e.Problems, "\n") }

// Parse reads the arguments, without the program's name. It depends on nothing
// else but fileExists, which says of a word if there is a file of that name; nil
// asks the system, and a folder is none.
//
// Of a flag that is repeated, the last one counts. A flag that is not known is
// ignored. Whether the word after it is its value or the config file cannot be
// told; so the config file is that of --config, or else the best of the words
// that are no known flag's value. Better is, in this order: a file that exists,
// a name that ends in .cfg, one after --host (words before it come from the
// backend= line), one that does not directly follow a flag that is not known,
// the later one. "--section.key WORD" sets the key if WORD is not the config
// file.
//
// With Help or Version set there is no error, and nothing else is set for sure.
// Otherwise an error is a *UsageError.
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
		r.wrong("--host is missing; give what Spectrum 2 listens on for its backends, such as --host 127.0.0.1")
	case host == "":
		r.wrong("--host has no value; give what Spectrum 2 listens on for its backends, such as --host 127.0.0.1")
	case isIPv6(host):
		r.Host = host
	case strings.ContainsAny(host, ":[]"):
		r.wrong("--host %q is no name and no address; the port has a flag of its own, --port, and IPv6 is written as ::1 or [::1]", host)
	case host[0] == '-' || strings.ContainsAny(host, " \t\r\n/"):
		r.wrong("--host %q is no name and no address; give one such as localhost, 127.0.0.1 or ::1", host)
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
		r.wrong("--port %q is no port; give a number from 1 to 65535", r.port.text)
	default:
		r.Port = int(port)
	}
}

// settleJID sets JID. Spectrum takes an empty one for none.
func (r *reader) settleJID() {
	r.JID = r.jid.text
	if r.jid.bare {
		r.wrong("--jid has no value; give the transport's JID, or leave it out")
	}
}
