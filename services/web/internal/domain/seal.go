package domain

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"strings"
)

// keySize is the size of a key, in bytes: AES-256.
const keySize = 32

// Sealer encrypts what browsers keep for us, so that they can neither read nor change it.
type Sealer struct{ ciphers []cipher.AEAD }

// NewSealer returns a sealer with these keys: 32 bytes each in base64url, separated by spaces. The first one seals, and all open, so a
// key is replaced by adding the next one before it.
func NewSealer(keys string) (*Sealer, error) {
	s := &Sealer{}
	for text := range strings.FieldsSeq(keys) {
		key, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(key) != keySize {
			return nil, errors.New("a key is not 32 bytes in base64url without padding")
		}
		made, err := newCipher(key)
		if err != nil {
			return nil, err
		}
		s.ciphers = append(s.ciphers, made)
	}
	if len(s.ciphers) == 0 {
		return nil, errors.New("there is no key")
	}
	return s, nil
}

// newCipher returns a cipher that puts a random nonce before each text.
func newCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal returns a text for a cookie. What was sealed for one purpose cannot be opened for another.
func (s *Sealer) Seal(purpose string, plain []byte) string {
	return base64.RawURLEncoding.EncodeToString(s.ciphers[0].Seal(nil, nil, plain, []byte(purpose)))
}

// Open returns what was sealed for this purpose, and false for any other text.
func (s *Sealer) Open(purpose, text string) (plain []byte, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	for _, c := range s.ciphers {
		if plain, err := c.Open(nil, nil, sealed, []byte(purpose)); err == nil {
			return plain, true
		}
	}
	return nil, false
}
