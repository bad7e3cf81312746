package domain

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"
	"unicode"

	"stoa/pkg/common/errs"
)

const (
	// SessionTTL is how long a session lives after it was last refreshed.
	SessionTTL = 7 * 24 * time.Hour
	// SessionMaxAge is how long it lives at most.
	SessionMaxAge = 90 * 24 * time.Hour
	// MaxSessions is how many sessions an account has at most: the next one ends the oldest.
	MaxSessions = 100
	// reuseGrace is how long after its rotation a refresh token is refused without harm: two tabs of one browser, or a client
	// whose answer got lost, send the same one twice within moments. Later, somebody has kept a copy.
	reuseGrace = 10 * time.Second
	// maxUserAgent is how much is kept of what a program says about itself, in bytes.
	maxUserAgent = 200
)

// Client is where a request comes from.
type Client struct {
	// Address is the IP address that the gateway saw.
	Address string
	// UserAgent is what the program says about itself.
	UserAgent string
}

// Session is one sign-in on one device: a family of refresh tokens, of which each follows from the one before and only
// the latest counts. Access tokens name it.
type Session struct {
	ID        string `json:"id"`
	AccountID string `json:"accountId"`
	// Epoch is that of the account at sign-in; see Account.Epoch.
	Epoch int `json:"epoch,omitempty"`
	// FamilyHash, RefreshHash and FormerHash are all that is kept of the refresh tokens: of the part that they share, and of
	// what the latest and the one before have of their own. Whoever reads the store can use no session.
	FamilyHash  string    `json:"familyHash"`
	RefreshHash string    `json:"refreshHash"`
	FormerHash  string    `json:"formerHash,omitempty"`
	RotatedAt   time.Time `json:"rotatedAt,omitzero"`
	CreatedAt   time.Time `json:"createdAt"`
	LastUsedAt  time.Time `json:"lastUsedAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
	// EndedAt is kept with the session until it would have expired: some stores would let a refresh that is under way bring
	// back a session that is merely deleted.
	EndedAt   time.Time `json:"endedAt,omitzero"`
	UserAgent string    `json:"userAgent,omitempty"`
	Address   string    `json:"address,omitempty"`
}

// secretSize is the size of either half of a refresh token's secret, in bytes.
const secretSize = 32

// NewSession returns a session of an account and its first refresh token, which is kept nowhere. The token names its
// session, so that it can be looked up; then follow, in one word, the secret of the family and that of the token itself.
func NewSession(id string, account Account, from Client, now time.Time) (session Session, refreshToken string) {
	family := randomSecret()
	session = Session{
		ID: id, AccountID: account.ID, Epoch: account.Epoch, FamilyHash: hashOf(family), CreatedAt: now.UTC(),
	}
	return session, session.next(family, from, now)
}

// next makes the refresh token that counts from now on.
func (s *Session) next(family []byte, from Client, now time.Time) (refreshToken string) {
	now = now.UTC()
	own := randomSecret()
	s.RefreshHash, s.LastUsedAt = hashOf(own), now
	s.ExpiresAt = now.Add(SessionTTL)
	if last := s.CreatedAt.Add(SessionMaxAge); s.ExpiresAt.After(last) {
		s.ExpiresAt = last
	}
	s.Address, s.UserAgent = from.Address, printable(from.UserAgent)
	return s.ID + "." + base64.RawURLEncoding.EncodeToString(append(family, own...))
}

// Alive reports whether the session has neither ended nor expired. Its account may say otherwise: see Account.Admits.
func (s *Session) Alive(now time.Time) bool { return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) }

// End ends the session for good.
func (s *Session) End(now time.Time) {
	if s.EndedAt.IsZero() {
		s.EndedAt = now.UTC()
	}
}

// presented is a refresh token as somebody sent it.
type presented struct {
	sessionID   string
	family, own []byte
}

// parseRefreshToken reads a refresh token's form; it says nothing of whether the token holds.
func parseRefreshToken(token string) (presented, error) {
	id, secret, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != 2*secretSize {
		return presented{}, badRefreshToken()
	}
	return presented{sessionID: id, family: raw[:secretSize:secretSize], own: raw[secretSize:]}, nil
}

func badRefreshToken() error {
	return errs.New(errs.Unauthenticated, "the refresh token does not hold; sign in again")
}

// rotate exchanges a refresh token for the next one. A token that is none of this session's does nothing. The one before
// the latest, shortly after it was exchanged, does nothing either. Any other that once was one ends
// the session: whoever sends it, or whoever has sent its successors, is a thief.
func (s *Session) rotate(token presented, from Client, now time.Time) (refreshToken string, outcome rotation) {
	switch {
	case !s.Alive(now) || !matches(s.FamilyHash, token.family):
		return "", foreign
	case matches(s.RefreshHash, token.own):
		s.FormerHash, s.RotatedAt = s.RefreshHash, now.UTC()
		return s.next(token.family, from, now), rotated
	case matches(s.FormerHash, token.own) && now.Sub(s.RotatedAt) < reuseGrace:
		return "", tooLate
	default:
		s.End(now)
		return "", copied
	}
}

// rotation is what became of a refresh token.
type rotation int

const (
	foreign rotation = iota // it is none that counts or ever counted
	rotated                 // it was exchanged
	tooLate                 // somebody else exchanged it a moment ago
	copied                  // it was exchanged long ago
)

func randomSecret() []byte {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails, by its contract
	return secret
}

// hashOf needs no salt and no slowness: nobody guesses 32 random bytes.
func hashOf(secret []byte) string {
	hash := sha256.Sum256(secret)
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

func matches(hash string, secret []byte) bool {
	return subtle.ConstantTimeCompare([]byte(hash), []byte(hashOf(secret))) == 1
}

// printable cuts what a stranger wrote to what a list can show.
func printable(text string) string {
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), maxUserAgent)], "")
}
