package launch

import (
	"fmt"
	"io"
)

const usage = `%[1]s runs a Lua script as a backend of a Spectrum 2 XMPP transport.

Spectrum 2 starts it by itself, if the transport's config file has these lines:

  [service]
  backend = /usr/bin/%[1]s
  [lua]
  script = NAME.lua

Usage: %[1]s --host HOST --port PORT [FLAG ...] FILE.cfg

  --host HOST            where Spectrum 2 listens for backends: a name, an IPv4
                         or an IPv6 address
  --port PORT            the port there, 1 to 65535
  FILE.cfg               the transport's config file, the one Spectrum 2 has;
                         or --config FILE.cfg
  -j JID, --jid JID      replaces the config file's [service] jid
  --SECTION.KEY=VALUE    replaces KEY in the config file's [SECTION]
  -h, --help             show this
  -v, --version          show the version

  All other flags are ignored, because Spectrum 2 passes on its own flags.

To try it by hand, start a transport with "spectrum2 -n FILE.cfg", look up the
port (it is in the file that [service] portfile names), and then run

  %[1]s --host 127.0.0.1 --port PORT FILE.cfg

Exit codes, which Spectrum 2 explains in its log by the system's text for them:

    0  ended by Spectrum 2, SIGTERM, SIGINT or SIGABRT
    5  EIO              the connection failed, and the system gives no number
   12  ENOMEM           the memory that [lua] memory_limit allows was used up
   22  EINVAL           the arguments or the config file are wrong
   71  EPROTO           Spectrum 2 sent a malformed frame, or one over
                        [lua] max_frame
  104  ECONNRESET       Spectrum 2 ended without closing the connection
  110  ETIMEDOUT        Spectrum 2 took no data for 60 s, or the attempt to
                        connect took more than 10 s
  111  ECONNREFUSED     nothing listens at that host and port
  113  EHOSTUNREACH     that host is not found, or cannot be reached
  131  ENOTRECOVERABLE  a bug in this program; the log has its stack

Other connection failures exit with the system's error number.

If the script does not load, the process continues: users who log in receive the
error, and the log shows it.
`

// Usage writes a help text to w: the program's purpose, arguments and exit codes.
func Usage(w io.Writer, program string) error {
	_, err := fmt.Fprintf(w, usage, program)
	return err
}
