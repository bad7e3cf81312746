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
	// SessionMaxAge is how long a session is valid at most, however often it is refreshed.
	SessionMaxAge = 90 * 24 * time.Hour
	// MaxSessions is how many sessions an account can have; another one ends the oldest.
	MaxSessions = 100
	// ClockSkew is how far apart the clocks of two replicas may be, as access tokens tolerate it.
	ClockSkew = 30 * time.Second
	// reuseGrace is how long after its exchange a refresh token is refused without ending the session: two tabs of a browser,
	// or a client that lost an answer, send the same token twice within moments, to replicas whose clocks differ. Later, the
	// token counts as stolen.
	reuseGrace = 10*time.Second + ClockSkew
	// maxUserAgent is how much of a user agent is kept, in bytes.
	maxUserAgent = 200
)

// Client is where a request comes from.
type Client struct {
	// Address is the IP address that the gateway saw.
	Address string
	// Network is the range of addresses that one subscriber can choose from. All malformed addresses are in one network.
	Network string
	// UserAgent is what the client calls itself.
	UserAgent string
}

// Session is one sign-in on one device. It has a family of refresh tokens: each is exchanged for the next, and only the
// latest is valid. An access token contains the id of its session.
type Session struct {
	ID        string `json:"id"`
	AccountID string `json:"accountId"`
	// Epoch is the account's Epoch at the time of the sign-in.
	Epoch int `json:"epoch,omitempty"`
	// FamilyHash, RefreshHash and FormerHash are hashes: of the secret that all refresh tokens of the session share, of the
	// latest token's own secret, and of the one before. Nothing else is stored, so the store contains no usable token.
	FamilyHash  string    `json:"familyHash"`
	RefreshHash string    `json:"refreshHash"`
	FormerHash  string    `json:"formerHash,omitempty"`
	RotatedAt   time.Time `json:"rotatedAt,omitzero"`
	CreatedAt   time.Time `json:"createdAt"`
	LastUsedAt  time.Time `json:"lastUsedAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
	// EndedAt marks an ended session, which stays stored until it would have expired. In some stores, a refresh at the same
	// time would bring back a deleted session.
	EndedAt   time.Time `json:"endedAt,omitzero"`
	UserAgent string    `json:"userAgent,omitempty"`
	Address   string    `json:"address,omitempty"`
}

// secretSize is the size of each secret in a refresh token, in bytes.
const secretSize = 32

// NewSession returns a session of an account and its first refresh token, which is not stored. A token consists of the
// session's id, the secret of its family, and its own secret.
func NewSession(id string, account Account, from Client, now time.Time) (session Session, refreshToken string) {
	family := randomSecret()
	session = Session{
		ID: id, AccountID: account.ID, Epoch: account.Epoch, FamilyHash: hashOf(family), CreatedAt: now.UTC(),
	}
	return session, session.next(family, from, now)
}

// next returns a new refresh token, the only valid one from now on, and extends the session.
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

// Active reports whether the session has neither ended nor expired. Account.Admits has to be true as well.
func (s *Session) Active(now time.Time) bool { return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) }

// End ends the session for good.
func (s *Session) End(now time.Time) {
	if s.EndedAt.IsZero() {
		s.EndedAt = now.UTC()
	}
}

// parsedToken is a refresh token, split into its parts.
type parsedToken struct {
	sessionID   string
	family, own []byte
}

// parseRefreshToken checks the form of a refresh token, not whether the token is valid.
func parseRefreshToken(token string) (parsedToken, error) {
	id, secret, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != 2*secretSize {
		return parsedToken{}, badRefreshToken()
	}
	return parsedToken{sessionID: id, family: raw[:secretSize:secretSize], own: raw[secretSize:]}, nil
}

func badRefreshToken() error {
	return errs.New(errs.Unauthenticated, "the refresh token is not valid; sign in again")
}

// rotate exchanges the latest refresh token for the next one. A token of another session changes nothing, and neither does
// the one before the latest within reuseGrace. Any other token of this session ends it, since someone else may have it.
func (s *Session) rotate(token parsedToken, from Client, now time.Time) (refreshToken string, outcome rotation) {
	switch {
	case !s.Active(now) || !matches(s.FamilyHash, token.family):
		return "", unknown
	case matches(s.RefreshHash, token.own):
		s.FormerHash, s.RotatedAt = s.RefreshHash, now.UTC()
		return s.next(token.family, from, now), rotated
	case matches(s.FormerHash, token.own) && now.Sub(s.RotatedAt) < reuseGrace:
		return "", justRotated
	default:
		s.End(now)
		return "", reused
	}
}

// rotation is the outcome of rotate.
type rotation int

const (
	unknown     rotation = iota // the token never belonged to the session, or the session has ended
	rotated                     // the token was exchanged now
	justRotated                 // the token was exchanged a moment ago
	reused                      // the token was exchanged longer ago
)

func randomSecret() []byte {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never returns an error
	return secret
}

// hashOf returns a fast hash without salt, which is enough: nobody guesses 32 random bytes.
func hashOf(secret []byte) string {
	hash := sha256.Sum256(secret)
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

func matches(hash string, secret []byte) bool {
	return subtle.ConstantTimeCompare([]byte(hash), []byte(hashOf(secret))) == 1
}

// printable returns the printable characters of a user agent, shortened to maxUserAgent.
func printable(text string) string {
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), maxUserAgent)], "")
}
