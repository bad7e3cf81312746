package repositories

import (
	"context"
	"time"

	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// Attempts implements domain.AttemptStore: a document for each address that was tried.
type Attempts struct {
	attempts *sidecar.Documents[domain.Attempts]
}

// NewAttempts returns the attempts behind a sidecar.
func NewAttempts(s *sidecar.Sidecar) *Attempts {
	// Longer than anything in them counts.
	ttl := func(domain.Attempts) time.Duration { return 48 * time.Hour }
	return &Attempts{sidecar.Expiring(s, store, "attempts", ttl)}
}

// Change implements domain.AttemptStore.
func (r *Attempts) Change(ctx context.Context, emailKey string, change func(*domain.Attempts) error) error {
	_, err := r.attempts.Upsert(ctx, emailKey, change)
	return err
}
