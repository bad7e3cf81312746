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
	// SessionTTL is how long a session is valid after it was last refreshed.
	SessionTTL = 7 * 24 * time.Hour
	// SessionMaxAge is how long it is valid at most.
	SessionMaxAge = 90 * 24 * time.Hour
	// MaxSessions is how many sessions an account can have; another one ends the oldest.
	MaxSessions = 100
	// reuseGrace is how long after its exchange a refresh token is refused without harm: two tabs of a browser, or a client
	// that lost an answer, send the same one twice within moments. Later, the token is a copy.
	reuseGrace = 10 * time.Second
	// maxUserAgent is how much of a user agent is kept, in bytes.
	maxUserAgent = 200
)

// Client is where a request comes from.
type Client struct {
	// Address is the IP address that the gateway saw.
	Address string
	// Network is the range from which the subscriber with this address can choose others; all malformed addresses are one.
	Network string
	// UserAgent is what the client calls itself.
	UserAgent string
}

// Session is one sign-in on one device. It has a family of refresh tokens: each is exchanged for the next, and only the
// latest is valid. Access tokens name their session.
type Session struct {
	ID        string `json:"id"`
	AccountID string `json:"accountId"`
	// Epoch is that of the account at sign-in; see Account.Epoch.
	Epoch int `json:"epoch,omitempty"`
	// FamilyHash, RefreshHash and FormerHash are all that is kept of the refresh tokens: hashes of the secret that they
	// share, and of the secrets of the latest token and the one before. Reading the store does not give a usable token.
	FamilyHash  string    `json:"familyHash"`
	RefreshHash string    `json:"refreshHash"`
	FormerHash  string    `json:"formerHash,omitempty"`
	RotatedAt   time.Time `json:"rotatedAt,omitzero"`
	CreatedAt   time.Time `json:"createdAt"`
	LastUsedAt  time.Time `json:"lastUsedAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
	// EndedAt is kept until the session would have expired: in some stores a refresh under way would bring back a session
	// that was deleted instead.
	EndedAt   time.Time `json:"endedAt,omitzero"`
	UserAgent string    `json:"userAgent,omitempty"`
	Address   string    `json:"address,omitempty"`
}

// secretSize is the size of each secret in a refresh token, in bytes.
const secretSize = 32

// NewSession returns a session of an account and its first refresh token, which is stored nowhere. A token consists of the
// session's id, the secret of the family, and a secret of its own.
func NewSession(id string, account Account, from Client, now time.Time) (session Session, refreshToken string) {
	family := randomSecret()
	session = Session{
		ID: id, AccountID: account.ID, Epoch: account.Epoch, FamilyHash: hashOf(family), CreatedAt: now.UTC(),
	}
	return session, session.next(family, from, now)
}

// next makes the refresh token that is valid from now on.
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

// Active reports whether the session has neither ended nor expired. Its account must admit it too: see Account.Admits.
func (s *Session) Active(now time.Time) bool { return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) }

// End ends the session for good.
func (s *Session) End(now time.Time) {
	if s.EndedAt.IsZero() {
		s.EndedAt = now.UTC()
	}
}

// presented is a refresh token that was sent.
type presented struct {
	sessionID   string
	family, own []byte
}

// parseRefreshToken checks the form of a refresh token, not whether the token is valid.
func parseRefreshToken(token string) (presented, error) {
	id, secret, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != 2*secretSize {
		return presented{}, badRefreshToken()
	}
	return presented{sessionID: id, family: raw[:secretSize:secretSize], own: raw[secretSize:]}, nil
}

func badRefreshToken() error {
	return errs.New(errs.Unauthenticated, "the refresh token is not valid; sign in again")
}

// rotate exchanges a refresh token for the next one. A token of another session changes nothing, and neither does the one
// before the latest, shortly after its exchange. Any other earlier token ends the session: one of its users is a thief.
func (s *Session) rotate(token presented, from Client, now time.Time) (refreshToken string, outcome rotation) {
	switch {
	case !s.Active(now) || !matches(s.FamilyHash, token.family):
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
	foreign rotation = iota // it was never valid, or the session has ended
	rotated                 // it was exchanged now
	tooLate                 // it was exchanged a moment ago
	copied                  // it was exchanged before that
)

func randomSecret() []byte {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails, by its contract
	return secret
}

// hashOf needs no salt and need not be slow: nobody guesses 32 random bytes.
func hashOf(secret []byte) string {
	hash := sha256.Sum256(secret)
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

func matches(hash string, secret []byte) bool {
	return subtle.ConstantTimeCompare([]byte(hash), []byte(hashOf(secret))) == 1
}

// printable returns the part of a text that a list can show.
func printable(text string) string {
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), maxUserAgent)], "")
}
