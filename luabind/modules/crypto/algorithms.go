package crypto

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// algorithm is a digest. The module has a function with its name.
type algorithm struct {
	name string
	new  func() hash.Hash
}

var algorithms = []*algorithm{
	{"md5", md5.New},
	{"sha1", sha1.New},
	{"sha224", sha256.New224},
	{"sha256", sha256.New},
	{"sha384", sha512.New384},
	{"sha512", sha512.New},
	{"sha512_256", sha512.New512_256},
	{"sha3_224", func() hash.Hash { return sha3.New224() }},
	{"sha3_256", func() hash.Hash { return sha3.New256() }},
	{"sha3_384", func() hash.Hash { return sha3.New384() }},
	{"sha3_512", func() hash.Hash { return sha3.New512() }},
}

var plainName = strings.NewReplacer("-", "", "_", "", "/", "")

// checkAlgorithm returns the digest that argument n names, as in "sha256" or
// "SHA-256".
func checkAlgorithm(l *lua.LState, n int) *algorithm {
	name := l.CheckString(n)
	plain := plainName.Replace(strings.ToLower(name))
	var known []string
	for _, a := range algorithms {
		if plainName.Replace(a.name) == plain {
			return a
		}
		known = append(known, a.name)
	}
	l.ArgError(n, fmt.Sprintf("there is no digest %.40q; the digests are %s", name, strings.Join(known, ", ")))
	return nil
}

// newUUID returns a UUID as in RFC 9562. Version 7 begins with the time.
func newUUID(version int) string {
	b := random(16)
	if version == 7 {
		var ms [8]byte
		binary.BigEndian.PutUint64(ms[:], uint64(time.Now().UnixMilli()))
		copy(b, ms[2:])
	}
	b[6] = b[6]&0x0f | byte(version)<<4
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
