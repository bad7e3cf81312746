package domain

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// CodeTTL is how long a code is valid.
	CodeTTL = 24 * time.Hour
	// maxWrongCodes is how many wrong codes an owner may send until another one has to be mailed.
	maxWrongCodes = 10
	// maxCodes is how many more codes an owner can ask for in a codesPeriod.
	maxCodes    = 3
	codesPeriod = time.Hour
)

// Verification is what an account knows about the code that verifies its address. There is one code at a time.
type Verification struct {
	// CodeHash keeps the code out of copies of the store. The code itself is in the event that is mailed.
	CodeHash  string    `json:"codeHash"`
	ExpiresAt time.Time `json:"expiresAt"`
	// Wrong counts the wrong codes that were sent.
	Wrong int `json:"wrong,omitempty"`
	// Asked is when the owner asked for another code, within the last codesPeriod.
	Asked []time.Time `json:"asked,omitempty"`
}

// Verified reports whether the owner has shown that the e-mail address is theirs, or did not have to.
func (a *Account) Verified() bool { return !a.VerifiedAt.IsZero() }

// mailCode replaces the code of the account. The event that it records carries the new one to the owner. A code that was not
// published yet is not mailed any more.
func (a *Account) mailCode(code string, now time.Time) {
	v := &a.Verification
	a.drop(VerificationRequested)
	v.CodeHash, v.ExpiresAt, v.Wrong = hashOf([]byte(code)), now.Add(CodeTTL), 0
	a.record(Event{Type: VerificationRequested, Cause: v.CodeHash, Code: code, At: now})
}

// mailAnotherCode is mailCode for owners who ask for it. It fails with errs.Conflict if the address is verified, and with
// errs.RateLimited for too many requests.
func (a *Account) mailAnotherCode(code string, now time.Time) error {
	if a.Verified() {
		return errs.New(errs.Conflict, "the e-mail address of this account is verified already")
	}
	v := &a.Verification
	v.Asked = slices.DeleteFunc(v.Asked, func(at time.Time) bool { return now.Sub(at) >= codesPeriod })
	if len(v.Asked) >= maxCodes {
		return &errs.Error{
			Kind: errs.RateLimited, Message: "we have mailed several codes within the last hour; use the latest, or try again later",
			RetryAfter: v.Asked[0].Add(codesPeriod).Sub(now),
		}
	}
	v.Asked = append(v.Asked, now)
	a.mailCode(code, now)
	return nil
}

// check returns what is wrong with a code, and counts it if it is a wrong one.
func (v *Verification) check(code string, now time.Time) (problem string) {
	const another = "; POST /api/v1/auth/profile/mine/verification/mail sends another one"
	switch {
	case !now.Before(v.ExpiresAt):
		return "has expired" + another
	case v.Wrong >= maxWrongCodes:
		return "was wrong too often" + another
	case !matches(v.CodeHash, []byte(code)):
		v.Wrong++
		return "is not the code in our latest mail"
	}
	return ""
}

// verify ends the verification of the address.
func (a *Account) verify(now time.Time) {
	a.VerifiedAt, a.Verification = now, Verification{}
	a.drop(VerificationRequested)
	a.record(Event{Type: AddressVerified, At: now})
}

// MailCode mails another code to the account that acts. It fails with errs.Conflict if the address is verified, and with
// errs.RateLimited for too many requests.
func (a *Accounts) MailCode(ctx context.Context, by Actor) error {
	account, err := a.authority.account(ctx, by, MailCode)
	if err != nil {
		return err
	}
	code, entry := newCode(), MailCode.entry(account.ID, by.From)
	return a.publisher.update(ctx, account.ID, lasting(ctx, a.authority, by, entry, func(stored *Account) error {
		return stored.mailAnotherCode(code, time.Now().UTC())
	}))
}

// VerifyAddress verifies the address of the account that acts. It fails with errs.Invalid if the code is wrong or not valid
// any more. A verified address stays verified, whatever the code.
func (a *Accounts) VerifyAddress(ctx context.Context, by Actor, code string) error {
	account, err := a.authority.account(ctx, by, VerifyAddress)
	if err != nil {
		return err
	}
	entry := VerifyAddress.entry(account.ID, by.From)
	verify := lasting(ctx, a.authority, by, entry, func(stored *Account) error {
		stored.verify(time.Now().UTC())
		return nil
	})
	var problem string
	err = a.publisher.update(ctx, account.ID, func(stored *Account) error {
		if problem = ""; stored.Verified() {
			return nil
		}
		if problem = stored.Verification.check(asMailed(code), time.Now().UTC()); problem != "" {
			return nil // the wrong code is counted
		}
		return verify(stored)
	})
	if err == nil && problem != "" {
		err = errs.InvalidField("code", "%s", problem)
	}
	return err
}

// codes is Crockford's base 32, which has no two characters that look alike.
var codes = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

// newCode returns a random code of eight characters.
func newCode() string {
	random := make([]byte, 5)
	_, _ = rand.Read(random) // never returns an error
	return codes.EncodeToString(random)
}

// misread replaces what people write instead of the characters of a code.
var misread = strings.NewReplacer("O", "0", "I", "1", "L", "1", " ", "", "-", "")

// asMailed returns a code as it was mailed, if someone has copied it by hand.
func asMailed(code string) string { return misread.Replace(strings.ToUpper(code)) }
