package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/recent"
	"stoa/pkg/identity/signing"
)

// The same in all our access tokens.
const (
	issuer    = "stoa"
	audience  = "stoa"
	tokenType = "at+jwt" // RFC 9068: other kinds of tokens are not accepted as access tokens
)

// claims is the payload of an access token.
type claims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
	Email     string `json:"email"`
	Name      string `json:"name"`
	Roles     []Role `json:"roles"`
}

// Validate implements jwt.ClaimsValidator: a token must have an account, a session and an id.
func (c claims) Validate() error {
	if c.Subject == "" || c.SessionID == "" || c.ID == "" {
		return errors.New("sub, sid or jti is missing")
	}
	return nil
}

func (c claims) caller() Caller {
	return Caller{
		ID: c.Subject, Email: c.Email, Name: c.Name, SessionID: c.SessionID, Roles: c.Roles, ExpiresAt: c.ExpiresAt.Time,
	}
}

// Verifier verifies access tokens.
type Verifier interface {
	// Verify returns the caller of a token. It fails with errs.Unauthenticated if the token is not valid, and with
	// errs.Unavailable if it cannot be checked now.
	Verify(ctx context.Context, token string) (Caller, error)
}

// TokenVerifier verifies the signatures of access tokens with the published keys of auth. It does not check sessions.
type TokenVerifier struct {
	keys     *answers[keySet]
	parser   *jwt.Parser
	verified *recent.Memory[tokenHash, verifiedToken]
}

// tokenHash is the hash of a token. The cache keeps hashes, so that no token stays in memory.
type tokenHash [sha256.Size]byte

// verifiedToken is the content of a valid token. To check its signature again would cost more than the rest of a small
// request.
type verifiedToken struct {
	caller Caller
	kid    string
	key    ed25519.PublicKey
}

// NewTokenVerifier returns a verifier. keys fetches the key set (a JWK Set, RFC 7517), which the verifier caches.
func NewTokenVerifier(keys func(ctx context.Context) ([]byte, error)) *TokenVerifier {
	return &TokenVerifier{
		keys:     newKeyring(keys),
		verified: recent.New[tokenHash, verifiedToken](maxRecent),
		parser: jwt.NewParser(
			// Fixed, so that a token cannot choose the algorithm that checks it.
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithLeeway(signing.Skew),
			jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		),
	}
}

// Verify implements Verifier. The caller's roles are those that the account had when the token was issued.
func (v *TokenVerifier) Verify(ctx context.Context, token string) (Caller, error) {
	hash := tokenHash(sha256.Sum256([]byte(token)))
	if known, ok := v.verified.Get(hash); ok && v.stillValid(ctx, known) {
		return known.caller, nil
	}
	verified, err := v.verifyFully(ctx, token)
	if err == nil {
		v.verified.Put(hash, verified)
	}
	return verified.caller, err
}

// stillValid reports whether a verified token has not expired, and its key is still published.
func (v *TokenVerifier) stillValid(ctx context.Context, verified verifiedToken) bool {
	if !time.Now().Before(verified.caller.ExpiresAt.Add(signing.Skew)) {
		return false
	}
	key, err := v.key(ctx, verified.kid)
	return err == nil && key.Equal(verified.key)
}

// verifyFully checks a token that is not in the cache.
func (v *TokenVerifier) verifyFully(ctx context.Context, token string) (verifiedToken, error) {
	var c claims
	var verified verifiedToken
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		var err error
		verified.kid, verified.key, err = v.keyOf(ctx, t)
		return verified.key, err
	})
	switch {
	case errs.Is(err, errs.Unavailable):
		return verifiedToken{}, errs.From(err)
	case errors.Is(err, jwt.ErrTokenExpired):
		return verifiedToken{}, errs.Wrap(errs.Unauthenticated, err, "the access token has expired; refresh it or sign in again")
	case err != nil:
		return verifiedToken{}, errs.Wrap(errs.Unauthenticated, err, "the access token is not valid; sign in again")
	}
	verified.caller = c.caller()
	return verified, nil
}

// keyOf returns the published key that the token names. It ignores keys inside the token (jwk, jku, x5c).
func (v *TokenVerifier) keyOf(ctx context.Context, t *jwt.Token) (string, ed25519.PublicKey, error) {
	if t.Header["typ"] != tokenType {
		return "", nil, errors.New("this is not an access token")
	}
	if _, critical := t.Header["crit"]; critical {
		return "", nil, errors.New("the token needs extensions that are not supported")
	}
	kid, _ := t.Header["kid"].(string)
	if kid == "" {
		return "", nil, errors.New("the token names no key")
	}
	key, err := v.key(ctx, kid)
	return kid, key, err
}
