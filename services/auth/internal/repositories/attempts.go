package repositories

import (
	"time"

	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// attemptsTTL is longer than anything in a document of attempts counts.
const attemptsTTL = 48 * time.Hour

// NewAttempts returns the domain.AttemptStore behind a sidecar: a document for each address that was tried.
func NewAttempts(s *sidecar.Sidecar) *sidecar.Documents[domain.Attempts] {
	return sidecar.Expiring(s, store, "attempts", func(domain.Attempts) time.Duration { return attemptsTTL })
}
