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

// What each of our access tokens says about itself.
const (
	issuer    = "stoa"
	audience  = "stoa"
	tokenType = "at+jwt" // RFC 9068: no other token of ours can pass for an access token
)

// claims is the payload of an access token.
type claims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
	Email     string `json:"email"`
	Name      string `json:"name"`
	Roles     []Role `json:"roles"`
}

// Validate implements jwt.ClaimsValidator: each of our tokens names its account, its session and itself.
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

// Verifier tells whose token it is.
type Verifier interface {
	// Verify fails with errs.Unauthenticated for a token that is not valid, and with errs.Unavailable if that cannot be
	// checked now.
	Verify(ctx context.Context, token string) (Caller, error)
}

// TokenVerifier verifies access tokens by their signature, against the published keys of the service that issues them.
type TokenVerifier struct {
	keys   *keyring
	parser *jwt.Parser
	proven *recent.Memory[tokenHash, proven]
}

// tokenHash stands for a token in memory, so that no token is kept.
type tokenHash [sha256.Size]byte

// proven is what a valid token said. To check its signature again would cost more than the rest of a small request.
type proven struct {
	caller Caller
	kid    string
	key    ed25519.PublicKey
}

// NewTokenVerifier returns a verifier; keys fetches the key set (a JWKS document, RFC 7517) that it caches.
func NewTokenVerifier(keys func(ctx context.Context) ([]byte, error)) *TokenVerifier {
	return &TokenVerifier{
		keys:   newKeyring(keys),
		proven: recent.New[tokenHash, proven](maxRecent),
		parser: jwt.NewParser(
			// Pinned: what the token says about its algorithm never selects how it is checked.
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithLeeway(signing.Skew),
			jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		),
	}
}

// Verify implements Verifier. The caller's roles are those that the account had when the token was issued.
func (v *TokenVerifier) Verify(ctx context.Context, token string) (Caller, error) {
	hash := tokenHash(sha256.Sum256([]byte(token)))
	if p, known := v.proven.Get(hash); known && v.stillValid(ctx, p) {
		return p.caller, nil
	}
	p, err := v.prove(ctx, token)
	if err == nil {
		v.proven.Put(hash, p)
	}
	return p.caller, err
}

// stillValid reports whether a token that was valid still is: it has not expired, and its key is still published.
func (v *TokenVerifier) stillValid(ctx context.Context, p proven) bool {
	if !time.Now().Before(p.caller.ExpiresAt.Add(signing.Skew)) {
		return false
	}
	key, err := v.keys.get(ctx, p.kid)
	return err == nil && key.Equal(p.key)
}

// prove checks a token completely.
func (v *TokenVerifier) prove(ctx context.Context, token string) (proven, error) {
	var c claims
	var p proven
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		var err error
		p.kid, p.key, err = v.keyOf(ctx, t)
		return p.key, err
	})
	switch {
	case errs.Is(err, errs.Unavailable):
		return proven{}, errs.From(err)
	case errors.Is(err, jwt.ErrTokenExpired):
		return proven{}, errs.Wrap(errs.Unauthenticated, err, "the access token has expired; refresh it or sign in again")
	case err != nil:
		return proven{}, errs.Wrap(errs.Unauthenticated, err, "the access token is not valid; sign in again")
	}
	p.caller = c.caller()
	return p, nil
}

// keyOf returns the published key that the token names. It ignores keys that a token brings along (jwk, jku, x5c).
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
	key, err := v.keys.get(ctx, kid)
	return kid, key, err
}
