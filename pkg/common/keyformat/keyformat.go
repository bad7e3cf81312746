// Package keyformat is the format of an API key: "stoa_", the id of the key, 32 random bytes, and a checksum. The checksum
// finds typos without a call to auth, scanners for leaked secrets can recognise a key, and a double click selects all of it.
package keyformat

import (
	"crypto/rand"
	"hash/crc32"
	"math/big"
	"strings"

	"github.com/google/uuid"
)

// The parts of a key, in digits and letters (base 62).
const (
	mark       = "stoa_"
	idSize     = 22 // 128 bits
	secretSize = 43 // 256 bits
	sumSize    = 6  // 32 bits
	size       = len(mark) + idSize + secretSize + sumSize
	base       = 62
)

// New returns a new key with this id, which is a UUID.
func New(id string) string {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails, by its contract
	raw := uuid.MustParse(id)
	text := mark + digits(raw[:], idSize) + digits(secret[:], secretSize)
	return text + checksum(text)
}

// Parse returns the id of a key and its prefix, which is not secret and differs from key to key. ok reports whether the text
// has the format of a key; only auth knows whether the key is valid.
func Parse(text string) (id, prefix string, ok bool) {
	if len(text) != size || !strings.HasPrefix(text, mark) || checksum(text[:size-sumSize]) != text[size-sumSize:] {
		return "", "", false
	}
	prefix = text[:len(mark)+idSize]
	number, ok := new(big.Int).SetString(prefix[len(mark):], base)
	if !ok || number.Sign() < 0 || number.BitLen() > 8*len(uuid.UUID{}) {
		return "", "", false
	}
	var raw uuid.UUID
	number.FillBytes(raw[:])
	return raw.String(), prefix, true
}

// digits writes a number in base 62, with zeros in front up to size.
func digits(raw []byte, size int) string {
	text := new(big.Int).SetBytes(raw).Text(base)
	return strings.Repeat("0", size-len(text)) + text
}

// checksum finds typos. It proves nothing: anyone can compute it.
func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	return digits([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}, sumSize)
}
