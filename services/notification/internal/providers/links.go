package providers

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/identity/signing"
	"stoa/services/notification/internal/domain"
)

const (
	// FollowPause is the time between two runs of Follow.
	FollowPause = 2 * time.Second
	// linkPurpose begins what is signed, so that no other signature of these keys can pass for one of a link.
	linkPurpose = "stoa: end these mails\n"
	// linkForm is the first byte of a code.
	linkForm = 1
)

// linkGroups are the groups by their number in a code. Numbers never change.
var linkGroups = []domain.Group{"", domain.Reviews, domain.Comments, domain.Following, domain.InDigests}

// A code is form, group, time (seconds, 8 bytes), account (16) and signature (64), in URL-safe base64.
const (
	signedSize = 2 + 8 + 16
	codeSize   = signedSize + ed25519.SignatureSize
)

// Links implements domain.Links. Its keys are Ed25519 keys in the form of those that sign access tokens, in a secret of their
// own. A link of any key of the secret is valid: every replica knows the next key before the first one signs with it.
type Links struct {
	site string
	keys atomic.Pointer[signing.Bundle]
}

// NewLinks returns links below the address of the site, with the keys of this text, see signing.Parse.
func NewLinks(site, text string) (*Links, error) {
	keys, err := signing.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the keys for links cannot be read: %w", err)
	}
	l := &Links{site: strings.TrimRight(site, "/")}
	l.keys.Store(&keys)
	return l, nil
}

// Follow returns a task that reads the keys, so that they may change while the process runs. If they cannot be read or are not
// valid, the former keys stay in use.
func (l *Links) Follow(read func(ctx context.Context) (string, error), log zerolog.Logger) func(ctx context.Context) {
	last := ""
	return func(ctx context.Context) {
		text, err := read(ctx)
		if err != nil || text == last {
			return
		}
		last = text
		keys, err := signing.Parse(text)
		if err != nil {
			log.Error().Err(err).Msg("the changed keys for links are not valid; the former ones stay in use")
			return
		}
		l.keys.Store(&keys)
	}
}

// Make implements domain.Links. It returns "" for mails that nobody can end.
func (l *Links) Make(e domain.Ending, at time.Time) string {
	account, err := uuid.Parse(e.AccountID)
	number := slices.Index(linkGroups, e.Group)
	if err != nil || number < 1 {
		return ""
	}
	code := binary.BigEndian.AppendUint64([]byte{linkForm, byte(number)}, uint64(at.Unix())) //nolint:gosec // no time is before 1970
	code = append(code, account[:]...)
	key, _ := l.keys.Load().Find(signing.Current) // Parse makes sure that there is one
	code = append(code, ed25519.Sign(key.Private, append([]byte(linkPurpose), code...))...)
	return l.site + domain.EndPath + "?" + url.Values{"code": {base64.RawURLEncoding.EncodeToString(code)}}.Encode()
}

// Read implements domain.Links.
func (l *Links) Read(text string, now time.Time) (domain.Ending, error) {
	code, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(code) != codeSize || !l.signed(code) {
		return domain.Ending{}, errs.New(errs.Forbidden, "this link is not complete, or was not made by us")
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(code[2:])), 0) //nolint:gosec // signed by us
	if now.Sub(at) > signing.LinkTTL {
		return domain.Ending{}, errs.New(errs.Forbidden, "this link is too old; sign in to decide what is mailed to you, or use that of a later mail")
	}
	account, err := uuid.FromBytes(code[10:signedSize])
	number := int(code[1])
	if err != nil || code[0] != linkForm || number < 1 || number >= len(linkGroups) {
		return domain.Ending{}, errs.New(errs.Forbidden, "a later build has made this link")
	}
	return domain.Ending{AccountID: account.String(), Group: linkGroups[number]}, nil
}

// signed reports whether any of the keys has signed a code.
func (l *Links) signed(code []byte) bool {
	message := append([]byte(linkPurpose), code[:signedSize]...)
	return slices.ContainsFunc(*l.keys.Load(), func(key signing.Key) bool {
		return ed25519.Verify(key.Public(), message, code[signedSize:])
	})
}
