package domain

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// SessionTTL is how long a session lives.
const SessionTTL = 7 * 24 * time.Hour

// Session is one sign-in on one device. Access tokens name it; the refresh token proves that one holds it.
type Session struct {
	ID        string `json:"id"`
	AccountID string `json:"accountId"`
	// RefreshHash is all that is kept of the refresh token: whoever reads the store can use no session.
	RefreshHash string    `json:"refreshHash"`
	CreatedAt   time.Time `json:"createdAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
}

// NewSession returns a session of an account and its refresh token, which is not kept anywhere. The token names its
// session, so that it can be looked up, and proves itself by 32 random bytes.
func NewSession(id, accountID string, now time.Time) (session Session, refreshToken string) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails, by its contract
	secret := base64.RawURLEncoding.EncodeToString(random[:])
	hash := sha256.Sum256([]byte(secret))
	return Session{
		ID: id, AccountID: accountID, RefreshHash: base64.RawURLEncoding.EncodeToString(hash[:]),
		CreatedAt: now.UTC(), ExpiresAt: now.UTC().Add(SessionTTL),
	}, id + "." + secret
}
