package crypto_test

import (
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// script is the beginning of each test's script.
const script = luatest.Same + `
local crypto = require "spectrum.crypto"
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
`

// behaviour holds scripts by the name of their test case.
var behaviour = map[string]string{
	// The values are the standards' own, of "abc".
	"digests have the known values": `
		for name, want in pairs {
			md5 = "900150983cd24fb0d6963f7d28e17f72",
			sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d",
			sha224 = "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
			sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
			sha512_256 = "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
			sha384 = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
			sha512 = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
			sha3_224 = "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
			sha3_256 = "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
			sha3_384 = "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
			sha3_512 = "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
		} do
			same(crypto[name]("abc", "hex"), want)
			same(hex(crypto[name]("abc")), want)
			same(crypto.hash(name, "abc", "hex"), want)
		end
		same(crypto.hash("SHA-256", "abc"), crypto.sha256("abc"))
		same(crypto.hash("SHA3-256", "abc"), crypto.sha3_256("abc"))
		same(crypto.md5("", "base64"), "1B2M2Y8AsgTpgAmY7PhCfg==")
		fails('there is no digest "sha257"; the digests are md5, sha1', crypto.hash, "sha257", "abc")
		fails('"raw", "hex" or "base64" expected, got "hax"', crypto.md5, "", "hax")`,
	"a digest of a long text lets others run": `
		local text = ("a"):rep(3000000)
		same(crypto.md5(text, "hex"), "99ddc9a3a46ea62c95652bdf937a1fb8")
		same(crypto.hmac("md5", "k", text, "hex"), "f1983625d185612da6ce9f400084d0e5")`,
	// RFC 2202 and 4231.
	"hmac has the known values": `
		same(crypto.hmac("sha1", "Jefe", "what do ya want for nothing?", "hex"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
		same(crypto.hmac("sha256", "Jefe", "what do ya want for nothing?", "hex"),
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
		same(#crypto.hmac("sha512", "", ""), 64)`,
	// RFC 6070 and 7914.
	"pbkdf2 has the known values": `
		same(crypto.pbkdf2("sha1", "password", "salt", 2, 20, "hex"), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957")
		same(crypto.pbkdf2("sha1", "password", "salt", 4096, nil, "hex"), "4b007901b765489abead49d926f721d065a429c1")
		same(crypto.pbkdf2("sha1", "pass\0word", "sa\0lt", 4096, 16, "hex"), "56fa6aa75548099dcc37d7f03425e0c3")
		same(crypto.pbkdf2("sha256", "passwd", "salt", 1, 64, "hex"),
			"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783")
		same(#crypto.pbkdf2("sha256", "", "", 1), 32)
		fails("integer from 1 to 5000000 expected, got 0", crypto.pbkdf2, "sha1", "p", "s", 0)
		fails("integer from 1 to 5000000", crypto.pbkdf2, "sha1", "p", "s", 1e9)
		fails("integer from 1 to 5000000", crypto.pbkdf2, "sha1", "p", "s", 0/0)
		fails("integer from 1 to 1024", crypto.pbkdf2, "sha1", "p", "s", 1, 2000)
		fails("takes too long", crypto.pbkdf2, "sha1", "p", "s", 5e6, 1024)`,
	"random bytes differ": `
		same(#crypto.random_bytes(32), 32)
		same(#crypto.random_bytes(16, "hex"), 32)
		same(crypto.random_bytes(0), "")
		assert(crypto.random_bytes(16) ~= crypto.random_bytes(16))
		fails("integer from 0 to 1048576 expected, got -1", crypto.random_bytes, -1)
		fails("integer from 0 to 1048576", crypto.random_bytes, 1e10)
		fails("integer from 0 to 1048576", crypto.random_bytes, 1.5)`,
	"uuid has version 4 or 7": `
		assert(crypto.uuid():match "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$")
		assert(crypto.uuid(7):match "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-7%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$")
		assert(crypto.uuid() ~= crypto.uuid())
		local ms = tonumber((crypto.uuid(7):gsub("%-", ""):sub(1, 12)), 16)
		assert(math.abs(ms / 1000 - os.time()) < 5)
		fails("version 4 or 7 expected, got 5", crypto.uuid, 5)
		fails("integer", crypto.uuid, 1)`,
	"equal compares all bytes": `
		same(crypto.equal("abc", "abc"), true)
		same(crypto.equal("abc", "abd"), false)
		same(crypto.equal("abc", "ab"), false)
		same(crypto.equal("", ""), true)
		fails("string expected", crypto.equal, "a")`,
}

func TestBehaviour(t *testing.T) {
	for name, test := range behaviour {
		t.Run(name, func(t *testing.T) { luatest.Run(t, script+test) })
	}
}

// scramLogins holds scripts by the name of their test case.
var scramLogins = map[string]string{
	// RFC 5802, section 5.
	"a login with SCRAM-SHA-1": `
		local c = crypto.scram_client { mechanism = "SCRAM-SHA-1", username = "user", password = "pencil", nonce = "fyko+d2lbbFgONRv9qkxdawL" }
		same(c:first(), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")
		same(c:final "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
			"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
		same(c:verify "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", true)`,
	// RFC 7677, section 3.
	"a login with SCRAM-SHA-256": `
		local c = crypto.scram_client { username = "user", password = "pencil", nonce = "rOprNGfwEbeRWgbNEkqO" }
		same(c:first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
		same(c:final "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
			"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
		same(c:verify "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", true)`,
	"a comma in a user name is escaped": `
		local c = crypto.scram_client { username = "a,b=c", password = "p", authzid = "x,y", nonce = "n" }
		same(c:first(), "n,a=x=2Cy,n=a=2Cb=3Dc,r=n")`,
	"a nonce is random by default": `
		local function first() return crypto.scram_client({ username = "u", password = "p" }):first() end
		assert(first() ~= first())`,
	"a malformed message of a server is an error": `
		local function final(challenge)
			local c = crypto.scram_client { username = "user", password = "pencil", nonce = "abc" }
			c:first()
			return c:final(challenge)
		end
		refused("malformed", final "")
		refused("malformed", final "x=1,s=QSXCR+Q6sek8bf92,i=4096")
		refused("malformed", final "r=abcd,s=?,i=4096")
		refused("malformed", final "r=abcd,s=QSXC,i=x")
		refused("malformed", final "m=1,r=abcd,s=QSXC,i=4096")
		refused("does not begin with", final "r=abc,s=QSXC,i=4096")
		refused("does not begin with", final "r=xabcd,s=QSXC,i=4096")
		refused("too few iterations", final "r=abcd,s=QSXC,i=4095")
		refused("too few iterations", final "r=abcd,s=QSXC,i=-1")
		refused("too many iterations", final "r=abcd,s=QSXC,i=1000001")
		refused("too many iterations", final "r=abcd,s=QSXC,i=99999999999999999999")`,
	"a server that does not know the password is rejected": `
		local function verify(outcome)
			local c = crypto.scram_client { username = "user", password = "pencil", nonce = "abc" }
			c:first()
			assert(c:final "r=abcd,s=QSXC,i=4096")
			return c:verify(outcome)
		end
		refused("SCRAM: the server rejects the login: invalid-proof", verify "e=invalid-proof")
		refused("did not prove", verify "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")
		refused("did not prove", verify "v=?")
		refused("did not prove", verify "")`,
	"a method in the wrong order raises": `
		local c = crypto.scram_client { username = "user", password = "pencil" }
		fails("call first(), final(server_first) and verify(server_final) in this order, each once", c.final, c, "")
		c:first()
		fails("each once", c.first, c)
		refused("malformed", c:final "")
		fails("each once", c.final, c, "")
		fails("each once", c.verify, c, "")
		fails("with a colon", c.first)`,
	"errors contain no secrets": `
		local ok, err = pcall(crypto.scram_client, { username = "u", password = "hunter2", mechanism = "PLAIN" })
		assert(not ok and not err:find("hunter2", 1, true))
		local c, message = crypto.scram_client { username = "u", password = "hunter2\7" }
		refused("the password has characters", c, message)
		assert(not message:find("hunter2", 1, true))
		refused("the username has characters", crypto.scram_client { username = "u\7", password = "p" })
		refused("the authzid has characters", crypto.scram_client { username = "u", password = "p", authzid = "\7" })
		assert(crypto.scram_client { username = "u", password = "p\7", saslprep = false })
		assert(not tostring(crypto.scram_client { username = "u", password = "hunter2" }):find "hunter2")`,
	"wrong arguments raise": `
		fails("username and password expected", crypto.scram_client, { username = "u" })
		fails("table expected", crypto.scram_client)
		fails("SCRAM-SHA-1, SCRAM-SHA-256 or SCRAM-SHA-512 expected", crypto.scram_client, { username = "u", password = "p", mechanism = "X" })
		fails("printable ASCII", crypto.scram_client, { username = "u", password = "p", nonce = "a,b" })
		fails("did you mean", crypto.scram_client, { username = "u", pasword = "p" })`,
}

func TestScram(t *testing.T) {
	for name, test := range scramLogins {
		t.Run(name, func(t *testing.T) { luatest.Run(t, script+test) })
	}
}

// TestOthersRunMeanwhile runs a task that also derives a short key, while long
// keys are derived for other tasks.
func TestOthersRunMeanwhile(t *testing.T) {
	st := luatest.Start(t, `
		local spectrum, crypto = require "spectrum", require "spectrum.crypto"
		for _ = 1, 8 do
			spectrum.spawn(function() crypto.pbkdf2("sha512", "p", "s", 5000000) end)
		end
		local on = {}
		function on.login(session)
			crypto.pbkdf2("sha256", "p", "s", 4096)
			session:connected()
		end
		return on`)
	start := time.Now()
	st.Login("romeo@localhost")
	st.Expect("connected", nil)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a login took %v", took)
	}
}
