package domain

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"stoa/pkg/common/ids"
)

const (
	// SessionTTL is how long a session is valid after its tokens were last refreshed, and SessionMaxAge how long in all: as long as
	// the session of auth behind it.
	SessionTTL, SessionMaxAge = 7 * 24 * time.Hour, 90 * 24 * time.Hour
	// formerGrace is how long a reference is still accepted after the browser has sent the next one: its other tabs may have sent
	// theirs before that.
	formerGrace = time.Minute
	// flushTime is how long a browser may have a cookie in memory alone: if it crashes, it comes back with the one before.
	flushTime = time.Minute
)

// Grant is what auth gives to somebody who signs in.
type Grant struct {
	Person       Person    `json:"person"`
	AccessToken  string    `json:"accessToken"`
	RefreshToken string    `json:"refreshToken"`
	ExpiresAt    time.Time `json:"expiresAt"` // of the access token
}

// Reference is what the cookie of a browser contains, encrypted: which session it has, the key of the tokens that are stored for it,
// and which of the session's references it is. Each refresh makes the next one.
type Reference struct {
	SessionID  string `json:"s"`
	Key        []byte `json:"k"`
	Generation int    `json:"g"`
}

// Session is one browser that is signed in. The store has its tokens only sealed with a key that is in the browser's cookie, so a copy
// of the store opens nothing.
type Session struct {
	ID        string `json:"id"`
	AccountID string `json:"accountId"`
	// Generation is that of the latest reference.
	Generation int `json:"generation"`
	// RenewedAt is when the latest reference was made, and SeenAt when the browser first sent it after it had the time to store it. Until
	// then, the one before is as good: the answer with the latest one may have been lost.
	RenewedAt time.Time `json:"renewedAt,omitzero"`
	SeenAt    time.Time `json:"seenAt,omitzero"`
	Sealed    []byte    `json:"sealed,omitempty"`
	StartedAt time.Time `json:"startedAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	// EndedAt marks an ended session, which stays stored for a while: in some stores, a refresh at the same time would bring back a
	// deleted one.
	EndedAt time.Time `json:"endedAt,omitzero"`
}

// newSession returns a session for a grant, and its first reference.
func newSession(grant Grant, now time.Time) (Session, Reference, error) {
	session := Session{ID: ids.New(), AccountID: grant.Person.ID, StartedAt: now}
	reference := Reference{SessionID: session.ID, Key: make([]byte, keySize), Generation: 1}
	_, _ = rand.Read(reference.Key) // never returns an error
	err := session.renew(reference.Key, grant, now)
	return session, reference, err
}

// renew replaces the tokens, and makes the next reference the latest one.
func (s *Session) renew(key []byte, grant Grant, now time.Time) error {
	if err := s.seal(key, grant); err != nil {
		return err
	}
	s.Generation++
	s.RenewedAt, s.SeenAt, s.ExpiresAt = now, time.Time{}, now.Add(SessionTTL)
	if last := s.StartedAt.Add(SessionMaxAge); s.ExpiresAt.After(last) {
		s.ExpiresAt = last
	}
	return nil
}

func (s *Session) seal(key []byte, grant Grant) error {
	c, err := newCipher(key)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(grant)
	if err != nil {
		return err
	}
	s.Sealed = c.Seal(nil, nil, plain, []byte(s.ID))
	return nil
}

// open returns the tokens. It fails with any key but that of the session's references.
func (s Session) open(key []byte) (grant Grant, err error) {
	if len(key) != keySize {
		return grant, errors.New("this is not a key")
	}
	c, err := newCipher(key)
	if err != nil {
		return grant, err
	}
	plain, err := c.Open(nil, nil, s.Sealed, []byte(s.ID))
	if err != nil {
		return grant, err
	}
	return grant, json.Unmarshal(plain, &grant)
}

// end ends the session for good, and forgets its tokens.
func (s *Session) end(now time.Time) {
	if s.EndedAt.IsZero() {
		s.EndedAt, s.Sealed = now, nil
	}
}

// Active reports whether the session has neither ended nor expired.
func (s Session) Active(now time.Time) bool { return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) }

// settles reports whether the reference before the latest one ends, since a browser has sent the latest one.
func (s Session) settles(now time.Time) bool {
	return s.SeenAt.IsZero() && s.Generation > 1 && now.Sub(s.RenewedAt) >= flushTime
}

// standing says what a reference is worth.
type standing int

const (
	latest standing = iota // the browser has what it should have
	former                 // the browser gets the latest one
	copied                 // the browser has sent a later one before, so somebody else may have this one
	over                   // the session has ended
)

func (s Session) standing(generation int, now time.Time) standing {
	switch {
	case !s.Active(now):
		return over
	case generation == s.Generation:
		return latest
	case generation == s.Generation-1 && (s.SeenAt.IsZero() || now.Sub(s.SeenAt) < formerGrace):
		return former
	default:
		return copied
	}
}
