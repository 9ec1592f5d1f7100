package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Bits of a row's kind.
const (
	kindBlob   = 1
	kindSecret = 2
)

// Parts of a stored secret: the format's number, the key's name, a nonce, and the
// output of AES-GCM.
const (
	sealedVersion = 1
	nonceSize     = 12
	sealedPrefix  = 1 + nameSize
)

// seal encodes a value as the bytes of a row.
func (s *Store) seal(i id, v Value) (data []byte, kind int, err error) {
	data = v.Data
	if data == nil {
		data = []byte{}
	}
	if v.Blob {
		kind = kindBlob
	}
	if !v.Secret {
		return data, kind, nil
	}
	kind |= kindSecret
	key, err := s.keys.first()
	if err != nil {
		return nil, 0, err
	}
	aead, err := key.cipher()
	if err != nil {
		return nil, 0, err
	}
	sealed := make([]byte, sealedPrefix+nonceSize, sealedPrefix+nonceSize+len(data)+aead.Overhead())
	sealed[0] = sealedVersion
	copy(sealed[1:], key.name[:])
	if _, err := rand.Read(sealed[sealedPrefix:]); err != nil {
		return nil, 0, err
	}
	return aead.Seal(sealed, sealed[sealedPrefix:], data, i.bound(kind)), kind, nil
}

// open decodes the bytes of a row.
func (s *Store) open(i id, data []byte, kind int, expires *int64) (Value, error) {
	v := Value{Data: data, Blob: kind&kindBlob != 0, Secret: kind&kindSecret != 0}
	if expires != nil {
		v.Expires = time.UnixMilli(*expires)
	}
	if !v.Secret {
		return v, nil
	}
	var err error
	v.Data, err = s.unseal(i, data, kind)
	return v, err
}

// keyNameOf returns the name of the key that encrypted a row, or zeros.
func keyNameOf(data []byte, kind int) (name [nameSize]byte) {
	if kind&kindSecret != 0 && len(data) >= sealedPrefix {
		copy(name[:], data[1:])
	}
	return name
}

var errSealed = errors.New("the secret does not belong to this key, or its bytes have been changed")

func (s *Store) unseal(i id, sealed []byte, kind int) ([]byte, error) {
	if len(sealed) < sealedPrefix+nonceSize || sealed[0] != sealedVersion {
		return nil, errSealed
	}
	key, err := s.keys.find([nameSize]byte(sealed[1:sealedPrefix]))
	if err != nil {
		return nil, err
	}
	aead, err := key.cipher()
	if err != nil {
		return nil, err
	}
	data, err := aead.Open(nil, sealed[sealedPrefix:sealedPrefix+nonceSize], sealed[sealedPrefix+nonceSize:], i.bound(kind))
	if err != nil {
		return nil, errSealed
	}
	return data, nil
}

// bound returns the data that a secret is bound to, so that its bytes are invalid
// in any other row.
func (i id) bound(kind int) []byte {
	b := []byte("spectrum2-lua store")
	for _, part := range []string{i.Owner, i.Name, i.key} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return append(b, byte(i.space), byte(kind))
}

func (k *secretKey) cipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.key[:])
	if err != nil {
		return nil, fmt.Errorf("the key of secrets: %w", err)
	}
	return cipher.NewGCM(block)
}
