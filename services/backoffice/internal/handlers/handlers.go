package handlers

import (
	"context"
	"errors"
	"net/http"
	"time"

	"stoa/pkg/common/web"
	"stoa/pkg/messaging"
	"stoa/services/backoffice/internal/domain"
)

// Fulfilments keeps the fulfilments.
type Fulfilments interface {
	Record(ctx context.Context, order domain.Order) (domain.Fulfilment, error)
	Get(ctx context.Context, orderID string) (domain.Fulfilment, error)
	List(ctx context.Context, status domain.Status, cursor string, limit int) ([]domain.Fulfilment, string, error)
	Compact(ctx context.Context) error
}

// DeadLetters keeps the dead letters.
type DeadLetters interface {
	Add(ctx context.Context, letter domain.DeadLetter) error
	Get(ctx context.Context, id string) (domain.DeadLetter, error)
	List(ctx context.Context, cursor string, limit int) ([]domain.DeadLetter, string, error)
	Update(ctx context.Context, id string, change func(*domain.DeadLetter) error) (domain.DeadLetter, error)
	Delete(ctx context.Context, id string) error
	Compact(ctx context.Context) error
}

// Publisher publishes commands and replayed events.
type Publisher interface {
	Publish(ctx context.Context, topic string, e messaging.Event) error
}

// Handlers is the service's side of HTTP and events.
type Handlers struct {
	fulfilments Fulfilments
	letters     DeadLetters
	publisher   Publisher
	newID       func() string
	options     Options
}

// Options is what an operator may choose.
type Options struct {
	// CommandWait is how long a request waits until the outcome of its command can be seen.
	CommandWait time.Duration
	// AutoFulfil says whether an order is shipped as soon as it is confirmed. It may change its mind; nil says no.
	AutoFulfil func() bool
}

// New returns the handlers; newID makes ids that are never made again.
func New(f Fulfilments, l DeadLetters, p Publisher, newID func() string, o Options) *Handlers {
	return &Handlers{fulfilments: f, letters: l, publisher: p, newID: newID, options: o}
}

// compact is called on schedule. The sidecar takes 200 for done; after an error the next time makes it good.
func (h *Handlers) compact(w http.ResponseWriter, r *http.Request) {
	err := errors.Join(h.fulfilments.Compact(r.Context()), h.letters.Compact(r.Context()))
	if err != nil {
		web.WriteError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}
