// Package names cleans the names that people type: of persons, of things, and of mailboxes. Characters that nobody can see, or
// that change how the text around them looks, are refused as the PRECIS framework says (RFC 8264), and each character has one form.
// Letters of different scripts that look alike stay different: a Cyrillic "а" is not a Latin "a".
package names

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// maxEmail is the longest address that mail servers carry (RFC 5321), in bytes, and maxLocal the longest part before the @.
const maxEmail, maxLocal = 254, 64

// freeform is the profile of names: any script and any sign. Unlike the profile Nickname (RFC 8266) it keeps signs such as ½.
var freeform = precis.NewFreeform(precis.Norm(norm.NFC))

// domain is the profile of the domain of an address, before idna looks at each label.
var domain = precis.NewIdentifier(precis.FoldWidth, precis.Norm(norm.NFC))

// Clean returns a name with single spaces inside and none around it. Otherwise problem says, for the person who typed it,
// that it has too few or too many characters, or some that cannot be seen.
func Clean(typed string, shortest, longest int) (name, problem string) {
	space := func(c rune) bool { return unicode.Is(unicode.Zs, c) }
	name, err := freeform.String(strings.Join(strings.FieldsFunc(typed, space), " "))
	if err != nil {
		return "", "must not contain control characters or characters that cannot be seen"
	}
	if n := utf8.RuneCountInString(name); n < shortest || n > longest || !Visible(name) {
		return "", fmt.Sprintf("must have %d to %d characters, without surrounding spaces", shortest, longest)
	}
	return name, ""
}

// Visible reports whether a text has something that can be seen.
func Visible(text string) bool { return strings.ContainsFunc(text, visible) }

// blank are symbols and letters that look like a space: the empty Braille pattern, and the fillers of Hangul.
const blank = "\u2800\u115f\u1160\u3164\uffa0"

// visible reports whether a character is seen without any other.
func visible(c rune) bool {
	return !strings.ContainsRune(blank, c) && (unicode.IsLetter(c) || unicode.IsNumber(c) || unicode.IsSymbol(c) || unicode.IsPunct(c))
}

// Email returns the address of a mailbox: the part before the @ as it was typed, and the domain in lower case. It accepts a
// plain address such as "ada@example.org": no display name, quotes or comments, and nothing that could end a mail header.
func Email(typed string) (string, error) {
	if !plain(typed) {
		return "", errNotPlain
	}
	at := strings.LastIndexByte(typed, '@')
	local, err := precis.UsernameCasePreserved.String(typed[:at])
	if err != nil {
		return "", err
	}
	host, err := domain.String(typed[at+1:])
	if err != nil {
		return "", err
	}
	if host, err = idna.Lookup.ToUnicode(host); err != nil {
		return "", err
	}
	address := local + "@" + host
	if len(address) > maxEmail || len(local) > maxLocal {
		return "", errors.New("it is too long")
	}
	if !plain(address) { // a wide comma, at sign or full stop has become a plain one
		return "", errNotPlain
	}
	return address, nil
}

// Mailbox is what addresses of one mailbox have in common, in lower case: most servers deliver mail for ada+shop@example.org to
// ada@example.org, so anybody can invent as many addresses of a stranger as they like.
func Mailbox(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return strings.ToLower(address)
	}
	local, _, _ := strings.Cut(address[:at], "+")
	return strings.ToLower(local + address[at:])
}

var errNotPlain = errors.New("it is not a plain address")

// plain reports whether a text is an address, and nothing else.
func plain(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text && !strings.ContainsAny(text, `"<>()[]\,;:`) && !strings.HasSuffix(text, ".")
}
