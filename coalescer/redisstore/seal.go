package redisstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/pollard-proxy/pollard/coalescer"
)

// errSealed is returned for a state of one identity that nobody with this secret has
// made, or not under this name, or not with these ages.
var errSealed = errors.New("a state that does not authenticate")

// errNoSecret is why nothing of one identity is shared.
var errNoSecret = errors.New("what is of one identity is not given to Redis without a secret")

// sealer encrypts what is of one identity (AES-256-GCM). Each name has a key of its
// own, so that random nonces are few under each; the head, in which the ages are, is
// authenticated with what follows it.
type sealer struct {
	master []byte // nil: there is no secret
	prefix string
}

func newSealer(o Options) (*sealer, error) {
	s := &sealer{prefix: o.Prefix}
	if len(o.Secret) == 0 {
		return s, nil
	}
	var err error
	s.master, err = hkdf.Extract(sha256.New, o.Secret, nil)
	return s, err
}

// permits returns why name is not to be given to Redis.
func (s *sealer) permits(name coalescer.Name) error {
	if _, isPrivate := name.Owner(); isPrivate && s.master == nil {
		return errNoSecret
	}
	return nil
}

// seal appends plain to value, encrypted, and authenticates all of it.
func (s *sealer) seal(name coalescer.Name, value, plain []byte) []byte {
	aead, err := s.cipher(name)
	if err != nil {
		panic(err) // the lengths are constants
	}
	return aead.Seal(value, nil, plain, bound(name, value))
}

// open undoes seal, of which value is what it was given and box what it appended.
func (s *sealer) open(name coalescer.Name, value, box string) ([]byte, error) {
	if s.master == nil {
		return nil, errNoSecret
	}
	aead, err := s.cipher(name)
	if err != nil {
		panic(err) // as above
	}
	plain, err := aead.Open(nil, nil, []byte(box), bound(name, []byte(value)))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// bound is what is authenticated beside the content.
func bound(name coalescer.Name, value []byte) []byte { return slices.Concat(name[:], value) }

func (s *sealer) cipher(name coalescer.Name) (cipher.AEAD, error) {
	key, err := hkdf.Expand(sha256.New, s.master, "pollard state of one identity\x00"+s.prefix+"\x00"+string(name[:]), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
