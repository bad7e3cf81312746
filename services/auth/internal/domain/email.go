package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"strings"
	"unicode"

	"stoa/pkg/common/errs"
)

// maxEmail is the longest address that mail servers carry (RFC 5321), in bytes.
const maxEmail = 254

// Email is an e-mail address as its owner wrote it. Addresses that differ only in upper and lower case are the same.
type Email string

// ParseEmail accepts a plain address such as "ada@example.org": no display name, quotes or comments, and nothing that could
// end a mail header.
func ParseEmail(text string) (Email, error) {
	parsed, err := mail.ParseAddress(text)
	odd := func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c) || strings.ContainsRune(`"<>()[]\,;:`, c)
	}
	if err != nil || parsed.Address != text || len(text) > maxEmail || strings.ContainsFunc(text, odd) {
		return "", errs.InvalidField("email", "must be an e-mail address such as ada@example.org")
	}
	return Email(text), nil
}

// Key is the key of documents about the address: a hash, the same for upper and lower case.
func (e Email) Key() string {
	sum := sha256.Sum256([]byte(strings.ToLower(string(e))))
	return hex.EncodeToString(sum[:])
}
