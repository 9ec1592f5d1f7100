package component_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/gateway/component"
)

const streamErrors = "urn:ietf:params:xml:ns:xmpp-streams"

// silent is a server that reads and never answers, after a text.
func silent(text string) func(context.Context, string) (net.Conn, error) {
	return dialRaw(func(c net.Conn) {
		go func() { _, _ = c.Write([]byte(text)) }()
		_, _ = io.Copy(io.Discard, c)
	})
}

func TestFirstLoginThatFailsSaysWhatToDo(t *testing.T) {
	const secret = "with the secret in [service] password"
	unreachable := func(context.Context, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}
	}
	cases := []struct {
		name   string
		dial   func(context.Context, string) (net.Conn, error)
		kind   *component.Cause
		advice string // "" for an error that passes
		port   string // in the lines for ejabberd
	}{
		{"closed at once", says("", 1), component.ErrEnded, "5222 and 5269", "5347"},
		{"closed inside the header", says(header[:50], 50), component.ErrEnded, "5222 and 5269", "5347"},
		{"closed after the header", says(header, 1<<10), component.ErrEnded, secret, "59991"},
		{"ended at the handshake", says(header+"</stream:stream>", 1<<10), component.ErrEnded, secret, "59991"},
		{"an error of the stream", says(header+"<stream:error><policy-violation xmlns='"+streamErrors+"'/></stream:error>", 1<<10), component.ErrStream, secret, "59991"},
		{"a server that shuts down", says(header+"<stream:error><system-shutdown xmlns='"+streamErrors+"'/></stream:error>", 1<<10), component.ErrStream, "", ""},
		{"silent", silent(""), component.ErrTimeout, "firewall", "59991"},
		{"silent after the header", silent(header), component.ErrTimeout, secret, "59991"},
		{"unreachable", unreachable, component.ErrNetwork, "firewall", "59991"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := component.Check(t.Context(), component.Options{JID: jid, Password: password, Address: "xmpp.test:59991", Dial: tc.dial})
				var e *component.Error
				if !errors.As(err, &e) || e.Cause != tc.kind {
					t.Fatalf("the error is %v", err)
				}
				advice := e.Advice()
				if tc.advice == "" {
					if advice != "" || e.Hint() != "" {
						t.Errorf("the advice is %s", advice)
					}
					return
				}
				for _, want := range []string{e.Hint(), tc.advice, `Component "` + jid + `"`, "- port: " + tc.port} {
					if !strings.Contains(advice, want) {
						t.Errorf("the advice lacks %q:\n%s", want, advice)
					}
				}
				if strings.Contains(err.Error()+advice, password) {
					t.Error("the password is shown")
				}
			})
		})
	}
}

// TestLogHasTheAdviceOnceBeforeALogin has a server that refuses the component for some minutes.
func TestLogHasTheAdviceOnceBeforeALogin(t *testing.T) {
	const hint = "the log of the XMPP server may have the reason"
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, nil)
		tr.server.Refuse("policy-violation")
		tr.start()
		time.Sleep(5 * time.Minute)
		if n := strings.Count(tr.log.String(), hint); n != 1 {
			t.Errorf("the log has the advice %d times before a login:\n%s", n, tr.log)
		}
		tr.server.Refuse("")
		tr.login()
		tr.server.Refuse("policy-violation")
		tr.server.Disconnect()
		time.Sleep(5 * time.Minute)
		tr.server.Refuse("")
		tr.login()
		if n := strings.Count(tr.log.String(), hint); n != 1 {
			t.Errorf("the log has the advice %d times after a login:\n%s", n, tr.log)
		}
		tr.finish()
	})
}
