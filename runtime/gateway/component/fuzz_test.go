package component

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/xmltree"
)

// replay is a connection that says a text in pieces, and accepts everything.
type replay struct {
	net.Conn
	text  string
	piece int
}

func (r *replay) Read(p []byte) (int, error) {
	if r.text == "" {
		return 0, io.EOF
	}
	n := copy(p, r.text[:min(r.piece, len(r.text))])
	r.text = r.text[n:]
	return n, nil
}

func (r *replay) Write(p []byte) (int, error)      { return len(p), nil }
func (r *replay) Close() error                     { return nil }
func (r *replay) SetReadDeadline(time.Time) error  { return nil }
func (r *replay) SetWriteDeadline(time.Time) error { return nil }

// FuzzRead reads any bytes of a server. What is handled is a stanza, and can be sent
// to the server again.
func FuzzRead(f *testing.F) {
	const login = "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'><handshake/>"
	for _, seed := range []string{
		"<message from='a@b' to='c'><body>x &amp; y</body></message></stream:stream>",
		"<iq type='get' id='1'><a><b><c><d><e/></d></c></b></a></iq><presence/>",
		"<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>x</text></stream:error>",
		"<message xmlns='jabber:client'><x:a xmlns:x='y' x:b='c'/></message>",
		"<message><body>\xff</body></message>", "<!DOCTYPE x>", "<message><body>" + strings.Repeat("x", 5000) + "</body></message>",
	} {
		f.Add(login, seed, 5)
		f.Add(login, seed, 10000)
	}
	f.Fuzz(func(t *testing.T, login, text string, piece int) {
		if piece <= 0 {
			return
		}
		conn := &replay{text: login + text, piece: piece}
		c := New(Options{
			JID: "c.example", Password: "s3cret", MaxStanza: 4000,
			Dial: func(context.Context, string) (net.Conn, error) { return conn, nil },
			Handle: func(_ context.Context, n *xmltree.Node) {
				if !isStanza(n) {
					t.Errorf("handled %v", n)
				}
				text, err := encode(&xmltree.Node{Name: "message", Attr: []xmltree.Attr{{Name: "from", Value: "c.example"}, {Name: "to", Value: "x"}},
					Children: n.Children}, "c.example", 1<<20)
				if err == nil {
					checkInStream(t, text)
				}
			},
		})
		s, err := c.connect(t.Context())
		if err == nil {
			err = s.read(t.Context())
		}
		if _, ok := err.(*Error); !ok {
			t.Errorf("%q: %v", login+text, err)
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	})
}

// FuzzSend sends any text. What Send accepts is one stanza inside the stream.
func FuzzSend(f *testing.F) {
	for _, seed := range []string{
		"<message from='c.example' to='a'><body>x</body></message>",
		"<iq from='a@c.example/b' to='x' type='result' xml:lang='de'><q xmlns='y' xmlns:p='z' p:a='1'>&#13;<p:b/></q></iq>",
		"<presence xmlns='jabber:client' from='c.example' to='a'/>", "<message from='c.example' to='a'/></stream:stream>",
		"<message from='c.example' to='a'><f xmlns='f'><message xmlns='jabber:client'/><x xmlns=''/></f></message>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stanza string) {
		c := New(Options{JID: "c.example", MaxSend: 10000})
		if c.Send(stanza) != nil {
			return
		}
		text := string(c.out.queue[0].bytes())
		if len(text) > 10000 {
			t.Errorf("%d bytes are sent", len(text))
		}
		checkInStream(t, text)
		if n, _ := xmltree.Parse(text, xmltree.DefaultLimits); !isStanza(n) {
			t.Errorf("%q became %q", stanza, text)
		}
	})
}

// checkInStream checks with the decoder of Go's library, and with our own, that a text is
// one element in a stream, in the namespace of the stream.
func checkInStream(t *testing.T, text string) {
	t.Helper()
	p := xmltree.NewXMPPStream(xmltree.Limits{Depth: maxDepth + 1, Size: 1 << 20, Elements: maxElements}, nil)
	all, err := p.Feed("<s xmlns='jabber:component:accept'>" + text + "<end/>")
	if err != nil || len(all) != 2 || all[1].Name != "end" || all[0].Space != componentSpace {
		t.Errorf("%q in the stream: %v", text, err)
	}
	if err := wellFormed(text); err != nil {
		t.Errorf("%q: encoding/xml: %v", text, err)
	}
}

// wellFormed returns nil if the decoder of Go's library accepts a text.
func wellFormed(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
