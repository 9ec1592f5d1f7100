//go:build e2e

package e2e_test

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// TestServerMode runs without another XMPP server. Users log in to Spectrum with the password
// of the network, and subscribe to no transport.
func TestServerMode(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{server: true})
	if answer := b.admin("register alice@" + b.jid + " " + legacyName + " " + password); !strings.Contains(answer, "registered") {
		t.Fatalf("admin: %q", answer)
	}
	alice := b.client("alice")
	alice.step("is available")
	alice.do(command{"do": "roster"})
	alice.do(command{"do": "presence"})
	alice.wait("echo is online", presence(b.contact("echo"), ""))
	alice.echoes()
	alice.joinsRoom()
	alice.speaksInRoom()
}

// admin sends a question to Spectrum's backend port, as spectrum2_manager does.
func (b *bed) admin(question string) string {
	b.t.Helper()
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+strings.TrimSpace(b.log("spectrum.port")), patience)
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		b.t.Fatal(err)
	}
	query := pb.WrapperMessage_TYPE_QUERY
	payload, _ := proto.Marshal(&pb.BackendConfig{Config: &question})
	message, _ := proto.Marshal(&pb.WrapperMessage{Type: &query, Payload: payload})
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
	if _, err := conn.Write(frame); err != nil {
		b.t.Fatal(err)
	}
	for {
		answer, err := readFrame(conn)
		if err != nil {
			b.t.Fatalf("admin %q: %v", question, err)
		}
		if answer.GetType() == query {
			var config pb.BackendConfig
			if err := proto.Unmarshal(answer.GetPayload(), &config); err != nil {
				b.t.Fatal(err)
			}
			return config.GetConfig()
		}
	}
}

func readFrame(r io.Reader) (*pb.WrapperMessage, error) {
	var header [4]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	content := make([]byte, binary.BigEndian.Uint32(header[:]))
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, err
	}
	message := &pb.WrapperMessage{}
	return message, proto.Unmarshal(content, message)
}
