package scripttest_test

import (
	"strings"
	"testing"
)

// secureClient is a script that continues a connection in TLS and logs in with SCRAM.
const secureClient = `
local spectrum = require "spectrum"
local net, crypto, encoding = require "spectrum.net", require "spectrum.crypto", require "spectrum.encoding"
local get = spectrum.config.get
local on = {}

local function login(conn, m)
  if not conn then return nil, "no connection" end
  conn:set_timeout(5)
  conn:write(get("my.first", "STARTTLS") .. "\r\n")
  local answer, why = conn:read_line()
  if answer ~= "go" then return nil, answer or why end
  local ok, problem = conn:starttls { ca = get("my.ca", nil), server_name = get("my.name", "localhost") }
  if not ok then return nil, problem end
  local mechanism = get("my.mechanism", "SCRAM-SHA-256")
  local scram = assert(crypto.scram_client { mechanism = mechanism, username = m.legacy_name, password = m.password })
  conn:write("AUTH ", mechanism, " ", encoding.base64.encode(scram:first()), "\r\n")
  local first = encoding.base64.decode(assert(conn:read_line()))
  if first:find("^e=") then return nil, first end
  conn:write(encoding.base64.encode(assert(scram:final(first))), "\r\n")
  return scram:verify(encoding.base64.decode(assert(conn:read_line())))
end

function on.login(session, m)
  local conn = net.connect(get("my.server"))
  local ok, why = login(conn, m)
  if not ok then return session:disconnected { error = "network_error", message = why } end
  session:connected()
end
return on
`

// authenticate is the part of a test that plays a server with STARTTLS and SCRAM.
const authenticate = `
local encoding = require "spectrum.encoding"
local function authenticate(conn, options)
  conn:expect_line("^STARTTLS$")
  conn:write_line("go")
  assert(conn:starttls())
  t.truthy(conn.tls)
  local mechanism, first = conn:expect_line("^AUTH (%S+) (%S+)$")
  local scram = t:scram_server { username = "alice", password = "secret", mechanism = mechanism, iterations = options and options.iterations }
  local answer, ok = scram:first(encoding.base64.decode(first))
  conn:write_line(encoding.base64.encode(answer))
  if not ok then return false, answer, scram end
  answer, ok = scram:final(encoding.base64.decode(conn:expect_line("^%S+$")))
  conn:write_line(encoding.base64.encode(answer))
  return ok, answer, scram
end
local peer
local function begin(more)
  more = more or {}
  more.server, more.ca = peer.address, more.ca or peer.ca
  t:start { config = { my = more } }
end
`

var secureServing = []struct{ name, body string }{
	{"a login", `
		peer = t:serve(function(conn)
			local ok, answer, scram = authenticate(conn)
			t.equal(ok, true)
			t.match(answer, "^v=")
			t.equal(scram.username, "alice")
			t.equal(scram.authzid, "")
		end)
		begin()
		t:login():expect("connected")
		peer:wait()`},
	{"a login with SCRAM-SHA-1", `
		peer = t:serve(function(conn) t.truthy(authenticate(conn)) end)
		begin { mechanism = "SCRAM-SHA-1" }
		t:login():expect("connected")
		peer:wait()`},
	{"another password", `
		peer = t:serve(function(conn)
			local ok, answer = authenticate(conn)
			t.equal(ok, false)
			t.equal(answer, "e=invalid-proof")
		end)
		begin()
		t:login { password = "hunter2" }:expect("disconnected", { message = t.pattern "invalid%-proof" })
		peer:wait()`},
	{"another user", `
		peer = t:serve(function(conn)
			local ok, answer, scram = authenticate(conn)
			t.equal(ok, false)
			t.equal(answer, "e=unknown-user")
			t.equal(scram.username, "bob")
			t.error(function() scram:final("x") end, "not after a failure")
		end)
		begin()
		t:login { user = "bob@localhost" }:expect("disconnected", { message = "e=unknown-user" })
		peer:wait()`},
	{"a certificate that the script does not trust", `
		local other = t:serve(function() end)
		peer = t:serve(function(conn)
			conn:expect_line("STARTTLS"); conn:write_line("go")
			local ok, why = conn:starttls()
			t.equal(ok, nil)
			t.match(why, "^TLS: ")
			t.equal(select(2, conn:write("x")), "the connection is closed")
		end)
		begin { ca = other.ca }
		t:login():expect("disconnected", { message = t.pattern "unknown authority" })
		peer:wait()`},
	{"a name that is not in the certificate", `
		peer = t:serve(function(conn) conn:expect_line("STARTTLS"); conn:write_line("go"); conn:starttls() end)
		begin { name = "chat.example" }
		t:login():expect("disconnected", { message = t.pattern "for another name" })`},
	{"a name of the option", `
		peer = t:serve(function(conn) t.truthy(authenticate(conn)) end, { names = { "chat.example", "b.example" } })
		begin { name = "chat.example" }
		t:login():expect("connected")`},
	{"a client that does not begin with TLS", `
		local client = require("spectrum.net")
		peer = t:serve(function(conn)
			local ok, why = conn:starttls { timeout = 5 }
			t.equal(ok, nil)
			t.match(why, "the peer does not speak TLS here")
		end)
		local conn = assert(client.connect(peer.address))
		conn:write("hello, this is plain text\r\n")
		peer:wait()`},
	{"a client that stalls", `
		peer = t:serve(function(conn)
			local ok, why = conn:starttls { timeout = 0.05 }
			t.equal(ok, nil)
			t.equal(why, "TLS: timeout")
		end)
		local conn = assert(require("spectrum.net").connect(peer.address))
		peer:wait()
		conn:close()`},
	{"bytes before TLS", `
		peer = t:serve(function(conn)
			conn:expect_line("STARTTLS")
			local ok, why = conn:starttls()
			t.equal(ok, nil)
			t.match(why, "before TLS began")
		end)
		local conn = assert(require("spectrum.net").connect(peer.address))
		conn:write("STARTTLS\r\nLOGIN x\r\n")
		peer:wait()`},
	{"a connection that already uses TLS", `
		peer = t:serve(function(conn)
			t.error(function() conn:starttls() end, "the connection already uses TLS")
			t.error(function() conn:starttls { ca = "x" } end, "starttls has no option \"ca\"")
			t.error(function() conn:starttls { timeout = "x" } end, "timeout")
			t.error(function() conn.starttls() end, "with a colon")
			t.error(function() conn:startls() end, "did you mean")
			conn:close()
			t.equal(select(2, conn:starttls()), "the connection is closed")
		end, { tls = true })
		assert(require("spectrum.net").connect(peer.address, { tls = true, ca = peer.ca }))
		peer:wait()`},
	{"one certificate for all connections", `
		peer = t:serve(function() end)
		t.equal(peer.ca, peer.ca)
		t.contains(assert(io.open(peer.ca)):read("*a"), "BEGIN CERTIFICATE")`},
}

func TestServersOfTestsOfferStartTLSAndScram(t *testing.T) {
	for _, c := range secureServing {
		t.Run(c.name, func(t *testing.T) {
			if r := one(t, secureClient, authenticate+c.body); !r.Passed() {
				t.Errorf("the case failed:\n%s\nlog:\n%s", strings.Join(r.Failures, "\n"), strings.Join(r.Log, "\n"))
			}
		})
	}
}

// scramLogins holds cases without a connection.
var scramLogins = []struct{ name, body string }{
	{"the example of RFC 5802", `
		local s = t:scram_server { mechanism = "SCRAM-SHA-1", username = "user", password = "pencil",
			salt = encoding.base64.decode("QSXCR+Q6sek8bf92"), nonce = "3rfcNHYJY1ZVvWVs7j" }
		t.equal(s.username, "")
		local first, going = s:first "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"
		t.equal(first, "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096")
		t.equal(going, true)
		local final, ok = s:final "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
		t.equal(final, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")
		t.equal(ok, true)
		t.equal(s.username, "user")`},
	{"the example of RFC 7677", `
		local s = t:scram_server { username = "user", password = "pencil",
			salt = encoding.base64.decode("W22ZaJ0SNY7soEsUEjb6gQ=="), nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0" }
		t.equal(s:first "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
			"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
		t.equal(s:final "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
			"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")`},
	{"both sides, with names that need an escape or preparation", `
		for _, mechanism in ipairs { "SCRAM-SHA-1", "scram-sha-256", "SCRAM-SHA-512" } do
			for _, name in ipairs { "a,b=c", "I\194\173X", "\195\169" } do
				local options = { mechanism = mechanism, username = name, password = "p\194\160q", iterations = 5000 }
				local s = t:scram_server(options)
				options.iterations, options.authzid = nil, "x,y"
				local c = assert(crypto.scram_client(options))
				t.equal(c:verify((s:final(assert(c:final((s:first(c:first()))))))), true)
				t.equal(s.authzid, "x,y")
			end
		end`},
	{"a script refuses few iterations", `
		local s = t:scram_server { username = "u", password = "p", iterations = 1000 }
		local c = crypto.scram_client { username = "u", password = "p" }
		t.match(select(2, c:final((s:first(c:first())))), "too few iterations")`},
	{"names without preparation", `
		local s = t:scram_server { username = "\240\159\152\128", password = "\240\159\152\128", saslprep = false }
		local c = crypto.scram_client { username = "\240\159\152\128", password = "\240\159\152\128", saslprep = false }
		t.equal(c:verify((s:final(c:final((s:first(c:first())))))), true)`},
	{"salt and nonce are random", `
		local function first() return (t:scram_server { username = "u", password = "p" }:first "n,,n=u,r=x") end
		t.not_equal(first(), first())`},
	{"wrong messages fail the case", `
		local function server() return t:scram_server { username = "user", password = "p", nonce = "abc" } end
		for _, first in ipairs { "", "x", "n,,n=user", "n,,m=1,n=user,r=x", "n,,n=u=ser,r=x", "p=tls-unique,,n=user,r=x", "n,,n=\255\0", string.rep("x", 70000) } do
			t.error(function() server():first(first) end, "scram_server:first: the client's message ")
		end
		for _, final in ipairs { "", "c=biws,r=xabc", "c=biws,r=other,p=AAAA", "c=AAAA,r=xabc,p=AAAA", "c=biws,r=xabc,p=?", "c=biws,r=xabc,p=AAAA", string.rep("x", 70000) } do
			local s = server()
			s:first "n,,n=user,r=x"
			t.error(function() s:final(final) end, "scram_server:final: the client's message ")
			t.error(function() s:final(final) end, "each once; not after a failure")
		end`},
	{"misuse", `
		t.error(function() t:scram_server() end, "bad argument #1 to scram_server %(table expected")
		t.error(function() t:scram_server { username = "u" } end, "username and password expected")
		t.error(function() t:scram_server { user = "u", password = "p" } end, "scram_server has no option \"user\"")
		t.error(function() t:scram_server { username = "u", password = "p", mechanism = "PLAIN" } end, "SCRAM%-SHA%-512 expected, got \"PLAIN\"")
		t.error(function() t:scram_server { username = "u", password = "p", iterations = 1000001 } end, "at most 1000000 expected")
		t.error(function() t:scram_server { username = "u", password = "p", iterations = 0 } end, "iterations")
		t.error(function() t:scram_server { username = "u", password = "p", nonce = "a,b" } end, "nonce: printable ASCII")
		t.error(function() t:scram_server { username = "u\7", password = "p" } end, "username: SASLprep does not allow")
		local why = t.error(function() t:scram_server { username = "u", password = "hunter2\7" } end, "password: SASLprep does not allow")
		t.falsy(why:find("hunter2", 1, true))
		local s = t:scram_server { username = "u", password = "p" }
		t.error(function() s:final "x" end, "in this order")
		t.error(function() s:first() end, "string expected")
		t.error(function() s.first "x" end, "with a colon")
		t.error(function() s:frist "x" end, "did you mean \"first\"")
		t.error(function() t:serve(print, { names = { 1 } }) end, "list of strings")`},
}

func TestScramServerChecksTheClient(t *testing.T) {
	const modules = "local crypto, encoding = require 'spectrum.crypto', require 'spectrum.encoding'\n"
	for _, c := range scramLogins {
		t.Run(c.name, func(t *testing.T) {
			if r := one(t, "return {}", modules+c.body); !r.Passed() {
				t.Errorf("the case failed:\n%s", strings.Join(r.Failures, "\n"))
			}
		})
	}
}

// xmppClient is a script that speaks XMPP: a stream, STARTTLS, and a new stream.
const xmppClient = `
local spectrum, net, xml = require "spectrum", require "spectrum.net", require "spectrum.xml"
local on = {}

local function open(conn)
  conn:write("<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
  local stream = xml.stream(conn)
  assert(stream:open())
  return stream, assert(stream:read())
end

function on.login(session)
  local conn = assert(net.connect(spectrum.config.get("my.server")))
  local stream = open(conn)
  conn:write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
  assert(stream:read().name == "proceed")
  assert(conn:starttls { ca = spectrum.config.get("my.ca"), server_name = "localhost" })
  local _, features = open(conn)
  session:connected()
  session:conv_message { buddy_name = "server", message = features[1].name }
end
return on
`

func TestServersOfTestsSpeakXMPP(t *testing.T) {
	r := one(t, xmppClient, `
local xml = require "spectrum.xml"
local function open(conn, feature)
  local stream = xml.stream(conn)
  t.equal(assert(stream:open()).attr.to, "localhost")
  conn:write("<stream:stream version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
    "<stream:features><", feature, "/></stream:features>")
  return stream
end
local peer = t:serve(function(conn)
  local stream = open(conn, "starttls")
  t.equal(assert(stream:read()).name, "starttls")
  conn:write("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
  assert(conn:starttls())
  open(conn, "mechanisms")
end)
t:start { config = { my = { server = peer.address, ca = peer.ca } } }
t:login():expect("conv_message", { message = "mechanisms" })
peer:wait()`)
	if !r.Passed() {
		t.Errorf("the case failed:\n%s\nlog:\n%s", strings.Join(r.Failures, "\n"), strings.Join(r.Log, "\n"))
	}
}
