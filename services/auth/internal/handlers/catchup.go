package handlers

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"stoa/services/auth/internal/domain"
)

// catchupPause is between two looks at what the broker did not take. It costs one read of the store.
const catchupPause = 10 * time.Second

// Catchup is the part of the process that publishes what could not be published when it happened.
func Catchup(announcer *domain.Announcer, log zerolog.Logger) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(catchupPause)
		defer tick.Stop()
		for {
			if err := announcer.Catchup(ctx); err != nil && ctx.Err() == nil {
				log.Warn().Err(err).Msg("what happened to some accounts cannot be published yet")
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	}
}
