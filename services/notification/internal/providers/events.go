package providers

import (
	"context"
	"time"

	"stoa/pkg/messaging"
	"stoa/pkg/observability"
	"stoa/services/notification/internal/domain"
)

// DeadLetters implements domain.DeadLetters.
type DeadLetters struct{ publisher *messaging.Publisher }

// NewDeadLetters returns the dead letters of the publisher's app.
func NewDeadLetters(publisher *messaging.Publisher) *DeadLetters { return &DeadLetters{publisher} }

// Publish implements domain.DeadLetters.
func (d *DeadLetters) Publish(ctx context.Context, cause domain.Cause, reason error, attempts int) error {
	return d.publisher.PublishDeadLetter(ctx, messaging.DeadLetter{
		Topic: cause.Topic, Reason: reason.Error(), Attempts: attempts, FailedAt: time.Now().UTC(),
		TraceID: observability.TraceID(ctx), Event: messaging.Event(cause.Event),
	})
}
