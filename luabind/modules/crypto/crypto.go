// Package crypto is the module spectrum.crypto: digests, keys from passwords,
// random bytes, and the client's side of SCRAM. Errors contain no secrets.
package crypto

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.crypto.
var Module = bind.Module{Name: "spectrum.crypto", Open: open}

const (
	// longText is the size in bytes above which a digest is computed without the
	// script lock.
	longText = 256 << 10
	// shortWork is the largest number of rounds that run under the script lock.
	// A longer computation lets others run after each turnRounds rounds.
	shortWork  = 500
	turnRounds = 10_000
	// maxWork limits the rounds for a key. They take some seconds.
	maxWork = 5_000_000
	// maxKey and maxRandom limit the size of a key and of random bytes.
	maxKey    = 1024
	maxRandom = 1 << 20
)

func open(*bind.Runtime) *lua.LTable {
	functions := bind.Functions{
		// hash(algorithm, text [, form]) returns the digest with this name.
		"hash": func(l *lua.LState) int { return digest(l, checkAlgorithm(l, 1), 2) },
		// hmac(algorithm, key, text [, form])
		"hmac": func(l *lua.LState) int {
			a, key, text := checkAlgorithm(l, 1), l.CheckString(2), l.CheckString(3)
			encode := checkForm(l, 4)
			return compute(l, len(text) > longText, encode, func(t *bind.Turn) ([]byte, error) {
				return sum(t, hmac.New(a.new, []byte(key)), text)
			})
		},
		// pbkdf2(algorithm, password, salt, iterations [, length [, form]])
		"pbkdf2": deriveKey,
		// random_bytes(n [, form])
		"random_bytes": func(l *lua.LState) int {
			n := bind.CheckInteger(l, 1, 0, maxRandom)
			encode := checkForm(l, 2)
			return bind.Return(l, lua.LString(encode(random(n))))
		},
		// uuid([version]) returns a random UUID. UUIDs of version 7 sort by time.
		"uuid": func(l *lua.LState) int {
			version := 4
			if l.Get(1) != lua.LNil {
				version = bind.CheckInteger(l, 1, 4, 7)
			}
			if version != 4 && version != 7 {
				l.ArgError(1, fmt.Sprintf("version 4 or 7 expected, got %d", version))
			}
			return bind.Return(l, lua.LString(newUUID(version)))
		},
		// equal(a, b) compares in constant time.
		"equal": func(l *lua.LState) int {
			a, b := l.CheckString(1), l.CheckString(2)
			return bind.Return(l, lua.LBool(subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1))
		},
		// scram_client{ mechanism =, username =, password = }
		"scram_client": newScramClient,
	}
	for _, a := range algorithms {
		functions[a.name] = func(l *lua.LState) int { return digest(l, a, 1) }
	}
	return bind.NewModule("spectrum.crypto", functions)
}

// digest returns the digest of argument n.
func digest(l *lua.LState, a *algorithm, n int) int {
	text := l.CheckString(n)
	encode := checkForm(l, n+1)
	return compute(l, len(text) > longText, encode, func(t *bind.Turn) ([]byte, error) { return sum(t, a.new(), text) })
}

// sum returns the digest of a text.
func sum(t *bind.Turn, h hash.Hash, text string) ([]byte, error) {
	for len(text) > longText {
		h.Write([]byte(text[:longText]))
		text = text[longText:]
		if err := t.Next(); err != nil {
			return nil, err
		}
	}
	h.Write([]byte(text))
	return h.Sum(nil), nil
}

func deriveKey(l *lua.LState) int {
	a, password, salt := checkAlgorithm(l, 1), l.CheckString(2), l.CheckString(3)
	iterations := bind.CheckInteger(l, 4, 1, maxWork)
	size := a.new().Size()
	length := size
	if l.Get(5) != lua.LNil {
		length = bind.CheckInteger(l, 5, 1, maxKey)
	}
	encode := checkForm(l, 6)
	rounds := iterations * ((length + size - 1) / size)
	if rounds > maxWork {
		bind.Raise(l, "pbkdf2: a key of %d bytes by %d iterations takes too long", length, iterations)
	}
	return compute(l, rounds > shortWork, encode, func(t *bind.Turn) ([]byte, error) {
		return pbkdf2(t, a, password, salt, iterations, length)
	})
}

// pbkdf2 implements PBKDF2 of RFC 8018. Go's implementation cannot be cancelled.
func pbkdf2(t *bind.Turn, a *algorithm, password, salt string, iterations, length int) ([]byte, error) {
	prf := hmac.New(a.new, []byte(password))
	var key, round []byte
	for block := uint32(1); len(key) < length; block++ {
		prf.Reset()
		prf.Write([]byte(salt))
		prf.Write(binary.BigEndian.AppendUint32(nil, block))
		round = prf.Sum(round[:0])
		sum := bytes.Clone(round)
		for n := 1; n < iterations; n++ {
			if n%turnRounds == 0 {
				if err := t.Next(); err != nil {
					return nil, err
				}
			}
			prf.Reset()
			prf.Write(round)
			round = prf.Sum(round[:0])
			subtle.XORBytes(sum, sum, round)
		}
		key = append(key, sum...)
	}
	return key[:length], nil
}

// forms holds the encodings of results, by name.
var forms = map[string]func([]byte) string{
	"raw":    func(b []byte) string { return string(b) },
	"hex":    hex.EncodeToString,
	"base64": base64.StdEncoding.EncodeToString,
}

// checkForm returns the encoding that argument n names. The default is raw.
func checkForm(l *lua.LState, n int) func([]byte) string {
	name := l.OptString(n, "raw")
	form := forms[name]
	if form == nil {
		l.ArgError(n, fmt.Sprintf("\"raw\", \"hex\" or \"base64\" expected, got %.40q", name))
	}
	return form
}

// random returns n random bytes. It never fails: Go ends the process if the system
// has no random bytes.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
