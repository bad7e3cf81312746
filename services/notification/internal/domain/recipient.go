package domain

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	"stoa/pkg/common/errs"
)

// recipient returns whom a notice about this order or account goes to, nobody if the account was deleted. It fails with
// errs.Invalid if no mail can be sent.
func recipient(about, name, address string) (mail.Address, error) {
	if err := checkID(about); err != nil || name == "" && address == "" {
		return mail.Address{}, err
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil {
		return mail.Address{}, errs.Wrap(errs.Invalid, err, "%s has no e-mail address", about)
	}
	if strings.Contains(parsed.Address, ";") {
		return mail.Address{}, errs.New(errs.Invalid, "%s: a mail binding reads the address as several", about)
	}
	return mail.Address{Name: cleanName(name), Address: parsed.Address}, nil
}

// maxName is the longest name that a mail shows.
const maxName = 60

// message matches names that tell people something, such as where to pay: an address of the web, or punctuation that names
// do not have.
var message = regexp.MustCompile(`[\pL\pN]\.\pL{2,}|[:/\\@<>!?$€£]|(?i)\bwww\b`)

// cleanName returns the name of a person, or "" for what is not one. Anybody may sign up with the address of a stranger, who
// then gets mails that begin with the name.
func cleanName(name string) string {
	name = oneLine(name)
	if len([]rune(name)) > maxName || message.MatchString(name) {
		return ""
	}
	return name
}

var validID = regexp.MustCompile(`^[-0-9a-z]{1,36}$`)

// checkID fails with errs.Invalid for malformed ids, because ids become parts of file names and mail headers.
func checkID(id string) error {
	if !validID.MatchString(id) {
		return errs.New(errs.Invalid, "%q is not a valid id", id)
	}
	return nil
}

// oneLine replaces line breaks and control characters by spaces, and drops what cannot be seen, because mails contain names
// that strangers choose.
func oneLine(s string) string {
	seen := strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c), unicode.IsControl(c):
			return ' '
		case unicode.Is(unicode.Cf, c):
			return -1
		}
		return c
	}, s)
	return strings.Join(strings.Fields(seen), " ")
}
