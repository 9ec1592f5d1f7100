package files_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/files"
)

// pipes is a listener whose connections are pipes, for synctest.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// dial connects. It returns nil at the end of the test.
func (p *pipes) dial() net.Conn {
	ours, its := net.Pipe()
	select {
	case p.conns <- its:
		return ours
	case <-p.closed:
		return nil
	}
}

// inBubble runs a test with a service whose clock and clients are synctest's.
func inBubble(t *testing.T, lines []string, test func(t *testing.T, s *files.Service, p *pipes)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		settings, err := parse(t, dir, strings.Join(append(lines, "listen=127.0.0.1:1", "public_url=http://x.example"), "\n"))
		if err != nil {
			t.Fatal(err)
		}
		log := logrus.New()
		log.SetOutput(io.Discard)
		s := files.New(files.Options{Settings: settings, Log: log})
		p := &pipes{make(chan net.Conn), make(chan struct{})}
		if err := s.ServeOn(p); err != nil {
			t.Fatal(err)
		}
		test(t, s, p)
		_ = p.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// path returns the path of an address.
func path(url string) string { return strings.TrimPrefix(url, "http://x.example") }

// closesAfter returns when the server closes a connection, and what it has sent before.
func closesAfter(c net.Conn) (time.Duration, string) {
	began := time.Now()
	data, _ := io.ReadAll(c)
	return time.Since(began), string(data)
}

func TestSlowClientsAreDisconnected(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *files.Service, p *pipes) {
		slot, err := s.AddSlot(t.Context(), files.Meta{Owner: "a@x", Name: "a", Size: 10})
		if err != nil {
			t.Fatal(err)
		}
		large, err := s.Add(t.Context(), files.Meta{Name: "l", Size: 1 << 20}, bytes.NewReader(make([]byte, 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, sends string
			after       time.Duration
			answer      string
		}{
			{"nothing is sent", "", 10 * time.Second, ""},
			{"half a header", "GET / HTTP/1.1\r\nHost:", 10 * time.Second, ""},
			{"a connection without requests", "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 60 * time.Second, "HTTP/1.1 404"},
			{"half an upload", "PUT " + path(slot.Put) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345", 30 * time.Second, "HTTP/1.1 408"},
		} {
			conn := p.dial()
			if _, err := io.WriteString(conn, c.sends); err != nil {
				t.Fatal(err)
			}
			after, answer := closesAfter(conn)
			if after < c.after || after > c.after+time.Second || !strings.HasPrefix(answer, c.answer) {
				t.Errorf("%s: the server closes after %v with %q", c.name, after, answer)
			}
			conn.Close()
		}

		// A reader who stops is cut off. One who is slow is not.
		for _, c := range []struct {
			pause time.Duration
			whole bool
		}{{31 * time.Second, false}, {29 * time.Second, true}} {
			conn := p.dial()
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path(large.URL))
			res, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
			if err != nil {
				t.Fatal(err)
			}
			n, buffer := int64(0), make([]byte, 32<<10)
			for err == nil {
				time.Sleep(c.pause)
				var m int
				m, err = io.ReadFull(res.Body, buffer)
				n += int64(m)
			}
			if whole := n == large.Size && errors.Is(err, io.EOF); whole != c.whole {
				t.Errorf("a reader who pauses %v has %d bytes: %v", c.pause, n, err)
			}
			conn.Close()
		}
		// The slot can be used again.
		conn := p.dial()
		defer conn.Close()
		fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\n1234567890", path(slot.Put))
		if _, answer := closesAfter(conn); !strings.HasPrefix(answer, "HTTP/1.1 404") { // it has expired meanwhile
			t.Errorf("the slot: %q", answer)
		}
	})
}

func TestTheNumberOfConnectionsIsLimited(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, _ *files.Service, p *pipes) {
		conns := make([]net.Conn, files.MaxConnections)
		for i := range conns {
			conns[i] = p.dial()
		}
		accepted := make(chan net.Conn, 1)
		go func() { accepted <- p.dial() }()
		synctest.Wait()
		select {
		case <-accepted:
			t.Error("there is no limit")
		default:
		}
		conns[0].Close()
		next := <-accepted
		fmt.Fprint(next, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if _, answer := closesAfter(next); !strings.HasPrefix(answer, "HTTP/1.1 404") {
			t.Errorf("the next client: %q", answer)
		}
		for _, c := range append(conns, next) {
			c.Close()
		}
	})
}

// newCertificate returns a certificate and its key as PEM.
func newCertificate(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
	}, &x509.Certificate{Subject: pkix.Name{CommonName: name}}, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// TestARenewedCertificateIsUsedWithoutARestart renews it in two steps, as programs do that
// write one file after the other.
func TestARenewedCertificateIsUsedWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	changes := 0
	write := func(name string, data []byte) {
		t.Helper()
		file := filepath.Join(dir, name)
		changes++
		at := time.Unix(int64(changes), 0)
		if err := errors.Join(os.WriteFile(file, data, 0o600), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	firstCert, firstKey := newCertificate(t, "first")
	secondCert, secondKey := newCertificate(t, "second")
	write("cert.pem", firstCert)
	write("key.pem", firstKey)
	lines := []string{"cert=" + filepath.Join(dir, "cert.pem"), "key=" + filepath.Join(dir, "key.pem")}
	inBubble(t, lines, func(t *testing.T, _ *files.Service, p *pipes) {
		expect := func(want string) {
			t.Helper()
			raw := p.dial()
			defer raw.Close()
			conn := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
			fmt.Fprint(conn, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || res.StatusCode != 404 {
				t.Fatalf("%v %v", res, err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			if got := conn.ConnectionState().PeerCertificates[0].Subject.CommonName; got != want {
				t.Errorf("the certificate is the %s one, want the %s one", got, want)
			}
		}
		expect("first")
		write("cert.pem", secondCert) // its key is missing still
		time.Sleep(time.Minute)
		expect("first")
		write("key.pem", secondKey)
		time.Sleep(time.Minute)
		expect("second")
		write("cert.pem", []byte("broken"))
		time.Sleep(time.Minute)
		expect("second")
	})
}
