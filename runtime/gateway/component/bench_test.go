package component_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/gateway/component/componenttest"
	"spectrumlua/runtime/xmltree"
)

const incoming = "<message from='alice@example.org/phone' to='bot@irc.example.org' type='chat' id='abcdef0123' xml:lang='en'>" +
	"<body>Hello there, how are you today? It&apos;s sunny.</body><active xmlns='http://jabber.org/protocol/chatstates'/>" +
	"<request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='abcdef0123'/></message>"

func BenchmarkReceive(b *testing.B) {
	server := componenttest.New(b, jid, password)
	address := server.Listen(b)
	var received atomic.Int64
	most := int64(0)
	done := make(chan struct{})
	up := make(chan struct{})
	c := component.New(component.Options{
		JID: jid, Password: password, Address: address,
		Up: func() { close(up) },
		Handle: func(context.Context, *xmltree.Node) {
			if received.Add(1) == most {
				close(done)
			}
		},
	})
	go c.Run(context.Background())
	defer c.Close(context.Background())
	<-up
	const each = 100
	most = int64(b.N) * each
	batch := strings.Repeat(incoming, each)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		server.Send(batch)
	}
	<-done
	b.ReportMetric(float64(b.N)*each/b.Elapsed().Seconds(), "stanzas/s")
}

func node() *xmltree.Node {
	return &xmltree.Node{Name: "message", Attr: []xmltree.Attr{
		{Name: "from", Value: "bot@irc.example.org"}, {Name: "to", Value: "alice@example.org/phone"},
		{Name: "type", Value: "chat"}, {Name: "id", Value: "abcdef0123"},
	}, Children: []xmltree.Child{
		{Element: &xmltree.Node{Name: "body", Children: []xmltree.Child{{Text: "Hello there, how are you today? It's sunny."}}}},
		{Element: &xmltree.Node{Space: "http://jabber.org/protocol/chatstates", Name: "active"}},
	}}
}

func BenchmarkSend(b *testing.B) {
	for _, how := range []string{"SendNode", "Send"} {
		b.Run(how, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			go sink(l)
			up := make(chan struct{})
			c := component.New(component.Options{
				JID: jid, Password: password, Address: l.Addr().String(),
				Up:     func() { close(up) },
				Handle: func(context.Context, *xmltree.Node) {},
			})
			go c.Run(context.Background())
			<-up
			n := node()
			text, _ := n.Text(1 << 20)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if c.Full() {
					c.WaitCapacity(context.Background())
				}
				if how == "Send" {
					err = c.Send(text)
				} else {
					err = c.SendNode(n)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			c.Close(context.Background())
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "stanzas/s")
		})
	}
}

// sink accepts a login, reads what follows, and answers only pings.
func sink(l net.Listener) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	buf := make([]byte, 64<<10)
	conn.Read(buf)
	conn.Write([]byte("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>"))
	conn.Read(buf)
	conn.Write([]byte("<handshake/>"))
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		text := string(buf[max(0, n-200):n])
		if strings.HasSuffix(text, "</stream:stream>") {
			return
		}
		if i := strings.LastIndex(text, " id='ping-"); i >= 0 {
			id, _, _ := strings.Cut(text[i+5:], "'")
			conn.Write([]byte("<iq type='result' id='" + id + "'/>"))
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	n := node()
	b.ReportAllocs()
	for b.Loop() {
		n.Text(1 << 20)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	p := xmltree.NewXMPPStream(xmltree.DefaultLimits, nil)
	p.Feed("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>")
	for b.Loop() {
		p.Feed(incoming)
	}
}
