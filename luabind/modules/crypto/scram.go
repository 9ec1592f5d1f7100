package crypto

import (
	"errors"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

const (
	// leastIterations is the minimum of RFC 7677. With fewer iterations, a server
	// could guess the password from the client's messages.
	leastIterations = 4096
	// mostIterations limits the work that a server can cause.
	mostIterations = 1_000_000
	// maxMessage is the maximum length of a server's message, in bytes.
	maxMessage = 64 << 10
)

// mechanisms holds the digests of SCRAM by the names of the SASL mechanisms.
var mechanisms = map[string]scram.HashGeneratorFcn{
	"SCRAM-SHA-1":   scram.SHA1,
	"SCRAM-SHA-256": scram.SHA256,
	"SCRAM-SHA-512": scram.SHA512,
}

// SCRAMDigest returns the digest of a SASL mechanism, or nil if the mechanism is unknown.
func SCRAMDigest(mechanism string) scram.HashGeneratorFcn {
	return mechanisms[strings.ToUpper(mechanism)]
}

// scramClient is one login by SCRAM. The script lock guards it.
type scramClient struct {
	conversation *scram.ClientConversation
	least        int
	next         string // the method to call next; "" after the login ended
	nonce        string // from the client's first message
}

var scramClass = bind.NewClass("scram_client", map[string]func(*lua.LState, *scramClient) int{
	// first() returns the client's first message.
	"first": func(l *lua.LState, c *scramClient) int {
		c.begin(l, "first")
		message, err := c.conversation.Step("")
		if err != nil {
			return bind.Failf(l, "SCRAM: the first message cannot be made")
		}
		c.nonce = message[strings.LastIndex(message, ",r=")+len(",r="):]
		c.next = "final"
		return bind.Return(l, lua.LString(message))
	},
	// final(server_first) returns the client's last message.
	"final": func(l *lua.LState, c *scramClient) int {
		challenge := l.CheckString(2)
		c.begin(l, "final")
		if err := c.check(challenge); err != nil {
			return bind.Fail(l, err)
		}
		var message string
		err := busy.Do(l, func(*bind.Turn) (err error) {
			message, err = c.conversation.Step(challenge)
			return err
		})
		if err != nil {
			return bind.Fail(l, errMalformed)
		}
		c.next = "verify"
		return bind.Return(l, lua.LString(message))
	},
	// verify(server_final) returns true if the server also knows the password.
	"verify": func(l *lua.LState, c *scramClient) int {
		outcome := l.CheckString(2)
		c.begin(l, "verify")
		if code, refused := strings.CutPrefix(outcome, "e="); refused {
			code, _, _ = strings.Cut(code, ",")
			return bind.Failf(l, "SCRAM: the server rejects the login: %.100s", strings.ToValidUTF8(code, "?"))
		}
		if _, err := c.conversation.Step(outcome); err != nil || !c.conversation.Valid() {
			return bind.Failf(l, "SCRAM: the server did not prove that it knows the password")
		}
		return bind.Return(l, lua.LTrue)
	},
}, nil)

func newScramClient(l *lua.LState) int {
	l.CheckTable(1)
	o := bind.OptionsAt(l, 1, "scram_client")
	mechanism := o.String("mechanism", "SCRAM-SHA-256")
	username, password, authzid := o.String("username", ""), o.String("password", ""), o.String("authzid", "")
	prepare := o.Bool("saslprep", true)
	least := o.Int("min_iterations", leastIterations, 1)
	nonce := o.String("nonce", "")
	o.Done()
	if o.Get("username") == lua.LNil || o.Get("password") == lua.LNil {
		bind.Raise(l, "scram_client: username and password expected")
	}
	generate := SCRAMDigest(mechanism)
	if generate == nil {
		bind.Raise(l, "scram_client: mechanism: SCRAM-SHA-1, SCRAM-SHA-256 or SCRAM-SHA-512 expected, got %.40q", mechanism)
	}
	if strings.ContainsFunc(nonce, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }) {
		bind.Raise(l, "scram_client: nonce: printable ASCII without commas expected")
	}
	newClient := generate.NewClientUnprepped
	if prepare {
		newClient = generate.NewClient
	}
	client, err := newClient(username, password, authzid)
	if err != nil {
		// The message names the option, but not its value: that may be a secret.
		return bind.Failf(l, "SCRAM: the %s has characters that SASLprep does not allow (saslprep = false sends it unchanged)",
			blame(generate, username, authzid))
	}
	client.WithMinIterations(1) // check has the limit
	if nonce != "" {
		client.WithNonceGenerator(func() string { return nonce })
	}
	return bind.Return(l, scramClass.New(&scramClient{conversation: client.NewConversation(), least: least, next: "first"}))
}

// blame returns the name of the option that SASLprep rejects.
func blame(generate scram.HashGeneratorFcn, username, authzid string) string {
	if _, err := generate.NewClient(username, "", ""); err != nil {
		return "username"
	}
	if _, err := generate.NewClient("", "", authzid); err != nil {
		return "authzid"
	}
	return "password"
}

// begin raises an error unless a method is the next one. Each method is called
// once, in order. After a failed one, no other can be called.
func (c *scramClient) begin(l *lua.LState, method string) {
	if c.next != method {
		bind.Raise(l, "scram_client:%s: call first(), final(server_first) and verify(server_final) in this order, each once", method)
	}
	c.next = ""
}

var (
	errMalformed  = errors.New("SCRAM: the server's first message is malformed")
	errNonce      = errors.New("SCRAM: the server's nonce does not begin with the client's")
	errIterations = errors.New("SCRAM: the server asks for too many iterations")
	errWeak       = errors.New("SCRAM: the server asks for too few iterations, which would make the password easy to guess (min_iterations)")
)

// check checks the server's first message before a key is computed.
func (c *scramClient) check(challenge string) error {
	fields := strings.Split(challenge, ",")
	if len(challenge) > maxMessage || len(fields) < 3 {
		return errMalformed
	}
	nonce, ok := strings.CutPrefix(fields[0], "r=")
	if !ok {
		return errMalformed
	}
	if !strings.HasPrefix(nonce, c.nonce) || len(nonce) == len(c.nonce) {
		return errNonce
	}
	digits, ok := strings.CutPrefix(fields[2], "i=")
	if !ok {
		return errMalformed
	}
	iterations, err := strconv.Atoi(digits)
	switch {
	case errors.Is(err, strconv.ErrRange) || iterations > mostIterations:
		return errIterations
	case err != nil:
		return errMalformed
	case iterations < c.least:
		return errWeak
	}
	return nil
}
