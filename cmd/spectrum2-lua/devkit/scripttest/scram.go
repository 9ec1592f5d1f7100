package scripttest

import (
	"crypto/rand"
	"errors"
	"strings"

	"github.com/xdg-go/scram"
	"github.com/xdg-go/stringprep"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/crypto"
)

const (
	// scramIterations is the default, and the minimum of scripts that use crypto.scram_client.
	scramIterations = 4096
	// maxScramIterations limits the time that a login takes.
	maxScramIterations = 1_000_000
	// maxScramMessage is the maximum length of a client's message, in bytes.
	maxScramMessage = 64 << 10
	saltLength      = 16
)

var errUnknownUser = errors.New("unknown user")

// scramServer is the server's side of one login by SCRAM. The script lock guards it.
type scramServer struct {
	conversation *scram.ServerConversation
	next         string // the method to call next; "" after the login has ended
}

var scramClass = bind.NewClass("scram_server", map[string]func(*lua.LState, *scramServer) int{
	// first(client_first) returns the server's first message.
	"first": func(l *lua.LState, s *scramServer) int { return s.step(l, "first", "final") },
	// final(client_final) returns the server's final message.
	"final": func(l *lua.LState, s *scramServer) int { return s.step(l, "final", "") },
}, map[string]func(l *lua.LState, s *scramServer) lua.LValue{
	"username": func(_ *lua.LState, s *scramServer) lua.LValue { return lua.LString(s.conversation.Username()) },
	"authzid":  func(_ *lua.LState, s *scramServer) lua.LValue { return lua.LString(s.conversation.AuthzID()) },
})

// step answers a message of the client. It returns the answer and whether the login goes on
// or has succeeded. It raises an error for a message that no correct client sends.
func (s *scramServer) step(l *lua.LState, method, next string) int {
	message := l.CheckString(2)
	if s.next != method {
		bind.Raise(l, "scram_server:%s: call first(client_first) and final(client_final) in this order, each once; not after a failure", method)
	}
	s.next = ""
	if len(message) > maxScramMessage {
		bind.Raise(l, "scram_server:%s: the client's message has %d bytes: at most %d expected", method, len(message), maxScramMessage)
	}
	answer, err := s.conversation.Step(message)
	switch {
	case err == nil:
		s.next = next
		return bind.Return(l, lua.LString(answer), lua.LTrue)
	case answer == scram.ErrUnknownUser || answer == scram.ErrInvalidProof:
		return bind.Return(l, lua.LString(answer), lua.LFalse)
	}
	bind.Raise(l, "scram_server:%s: the client's message is wrong: %v\n  got:      %s", method, err, show(lua.LString(message)))
	return 0
}

// newScramServer implements t:scram_server(options).
func newScramServer(l *lua.LState, _ *world) int {
	l.CheckTable(2)
	o := bind.OptionsAt(l, 2, "scram_server")
	mechanism := o.String("mechanism", "SCRAM-SHA-256")
	username, password := o.String("username", ""), o.String("password", "")
	iterations, prepare := o.Int("iterations", scramIterations, 1), o.Bool("saslprep", true)
	salt, nonce := o.String("salt", ""), o.String("nonce", "")
	o.Done()
	if o.Get("username") == lua.LNil || o.Get("password") == lua.LNil {
		bind.Raise(l, "scram_server: username and password expected")
	}
	digest := crypto.SCRAMDigest(mechanism)
	switch {
	case digest == nil:
		bind.Raise(l, "scram_server: mechanism: SCRAM-SHA-1, SCRAM-SHA-256 or SCRAM-SHA-512 expected, got %.40q", mechanism)
	case iterations > maxScramIterations:
		bind.Raise(l, "scram_server: iterations: at most %d expected, got %d", maxScramIterations, iterations)
	case strings.ContainsFunc(nonce, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }):
		bind.Raise(l, "scram_server: nonce: printable ASCII without commas expected")
	}
	if salt == "" {
		random := make([]byte, saltLength)
		_, _ = rand.Read(random) // it never fails
		salt = string(random)
	}
	s, err := startScram(digest, account{username, password, prepare}, scram.KeyFactors{Salt: salt, Iters: iterations}, nonce)
	if err != nil {
		bind.Raise(l, "scram_server: %v", err)
	}
	return bind.Return(l, scramClass.New(s))
}

// account is a user that a SCRAM server knows.
type account struct {
	username, password string
	prepare            bool // by SASLprep
}

func startScram(digest scram.HashGeneratorFcn, a account, factors scram.KeyFactors, nonce string) (*scramServer, error) {
	create, username := digest.NewClientUnprepped, a.username
	if a.prepare {
		create = digest.NewClient
		prepared, err := stringprep.SASLprep.Prepare(username)
		if err != nil {
			return nil, errors.New("username: SASLprep does not allow its characters (saslprep = false leaves it unchanged)")
		}
		username = prepared
	}
	client, err := create(a.username, a.password, "")
	if err != nil {
		return nil, errors.New("password: SASLprep does not allow its characters (saslprep = false leaves it unchanged)")
	}
	credentials, err := client.GetStoredCredentialsWithError(factors)
	if err != nil {
		return nil, err
	}
	server, err := digest.NewServer(func(name string) (scram.StoredCredentials, error) {
		if name != username {
			return scram.StoredCredentials{}, errUnknownUser
		}
		return credentials, nil
	})
	if err != nil {
		return nil, err
	}
	if nonce != "" {
		server.WithNonceGenerator(func() string { return nonce })
	}
	return &scramServer{conversation: server.NewConversation(), next: "first"}, nil
}
