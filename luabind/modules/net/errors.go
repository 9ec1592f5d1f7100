package net

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"unicode"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/shorten"
)

// Plain removes what the reader knows already, such as the addresses that
// net.OpError repeats. It makes text that a peer has sent safe to show.
func Plain(err error) error {
	var dns *net.DNSError
	var op *net.OpError
	var system syscall.Errno
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, bind.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return bind.ErrTimeout
	case errors.As(err, &dns):
		return plainDNS(dns)
	case errors.As(err, &system):
		return system
	case errors.As(err, &op):
		return Plain(op.Err)
	}
	return shown(err)
}

// EndText is Plain for reads: it also explains the end of the stream.
func EndText(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("closed by the peer")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("closed by the peer in the middle: its last bytes may be missing")
	}
	return Plain(err)
}

func plainDNS(err *net.DNSError) error {
	switch {
	case err.IsNotFound:
		return fmt.Errorf("there is no host %s", err.Name)
	case err.IsTimeout:
		return fmt.Errorf("looking up %s: timeout", err.Name)
	}
	return fmt.Errorf("looking up %s: %s", err.Name, err.Err)
}

// maxShown is the number of bytes of an error that are shown.
const maxShown = 300

// shown returns err itself, or a shortened and printable copy if its text is
// long or contains control characters. Peers write parts of such texts.
func shown(err error) error {
	text := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, err.Error())
	text = shorten.Ellipsis(text, maxShown)
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// CannotListen wraps the error of listening on an address, with advice for a
// forbidden port.
func CannotListen(address string, err error) error {
	hint := ""
	if errors.Is(err, syscall.EACCES) {
		hint = " (a port below 1024 is for root, or for a program with CAP_NET_BIND_SERVICE: take a higher one)"
	}
	return fmt.Errorf("cannot listen on %s: %w%s", address, Plain(err), hint)
}
