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
	// leastIterations is RFC 7677's; a server that asks for fewer would get
	// what is easy to guess the password from.
	leastIterations = 4096
	// mostIterations bounds what a server makes this side compute.
	mostIterations = 1_000_000
	// maxMessage is how long a server's message may be.
	maxMessage = 64 << 10
)

// mechanisms are the digests of SCRAM, by the name that SASL has for them.
var mechanisms = map[string]scram.HashGeneratorFcn{
	"SCRAM-SHA-1":   scram.SHA1,
	"SCRAM-SHA-256": scram.SHA256,
	"SCRAM-SHA-512": scram.SHA512,
}

// scramClient is one login by SCRAM. The script lock guards it.
type scramClient struct {
	conversation *scram.ClientConversation
	least        int
	next         string // the method that has to be called next; "" for none
	nonce        string // as the client's first message has it
}

var scramClass = bind.NewClass("scram_client", map[string]func(*lua.LState, *scramClient) int{
	// first() is the client's first message.
	"first": func(l *lua.LState, c *scramClient) int {
		c.begin(l, "first")
		message, err := c.conversation.Step("")
		if err != nil {
			return bind.Failf(l, "SCRAM: there is no first message")
		}
		c.nonce = message[strings.LastIndex(message, ",r=")+len(",r="):]
		c.next = "final"
		return bind.Return(l, lua.LString(message))
	},
	// final(server_first) is the client's last message.
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
	// verify(server_final) is true if the server knows the password too.
	"verify": func(l *lua.LState, c *scramClient) int {
		outcome := l.CheckString(2)
		c.begin(l, "verify")
		if code, refused := strings.CutPrefix(outcome, "e="); refused {
			code, _, _ = strings.Cut(code, ",")
			return bind.Failf(l, "SCRAM: the server refuses: %.100s", strings.ToValidUTF8(code, "?"))
		}
		if _, err := c.conversation.Step(outcome); err != nil || !c.conversation.Valid() {
			return bind.Failf(l, "SCRAM: the server does not prove that it knows the password")
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
	generate := mechanisms[strings.ToUpper(mechanism)]
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
		// Which of the texts it is, is all that may be told.
		return bind.Failf(l, "SCRAM: the %s has characters that SASLprep does not allow (saslprep = false leaves it as it is)",
			blame(generate, username, authzid))
	}
	client.WithMinIterations(1) // check sees to it
	if nonce != "" {
		client.WithNonceGenerator(func() string { return nonce })
	}
	return bind.Return(l, scramClass.New(&scramClient{conversation: client.NewConversation(), least: least, next: "first"}))
}

// blame tells which text SASLprep does not take.
func blame(generate scram.HashGeneratorFcn, username, authzid string) string {
	if _, err := generate.NewClient(username, "", ""); err != nil {
		return "username"
	}
	if _, err := generate.NewClient("", "", authzid); err != nil {
		return "authzid"
	}
	return "password"
}

// begin takes the step of a method; each is taken once, in order. A step that
// fails is the end.
func (c *scramClient) begin(l *lua.LState, method string) {
	if c.next != method {
		bind.Raise(l, "scram_client:%s: a login is first(), final(server_first), verify(server_final), each once", method)
	}
	c.next = ""
}

var (
	errMalformed  = errors.New("SCRAM: the server's first message is malformed")
	errNonce      = errors.New("SCRAM: the server's nonce does not go on from the client's")
	errIterations = errors.New("SCRAM: the server asks for too many iterations")
	errWeak       = errors.New("SCRAM: the server asks for too few iterations, which would make the password easy to guess (min_iterations)")
)

// check looks at what the server's first message asks for, before a key is
// computed for it.
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
