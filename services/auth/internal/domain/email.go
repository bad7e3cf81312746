package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/names"
)

// Email is an e-mail address as names.Email returns it. Addresses that differ only in upper and lower case are the same.
type Email string

// ParseEmail accepts a plain address such as "ada@example.org".
func ParseEmail(text string) (Email, error) {
	address, err := names.Email(text)
	if err != nil {
		return "", errs.InvalidField("email", "must be an e-mail address such as ada@example.org")
	}
	return Email(address), nil
}

// Key is the key of documents about the address: a hash, the same for upper and lower case.
func (e Email) Key() string {
	sum := sha256.Sum256([]byte(strings.ToLower(string(e))))
	return hex.EncodeToString(sum[:])
}
