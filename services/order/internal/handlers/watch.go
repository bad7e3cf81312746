package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"

	"stoa/pkg/common/errs"
	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

// An order that was just changed tends to change again soon: it is read often at first, then less and less.
const (
	shortestPause = 25 * time.Millisecond
	longestPause  = time.Second
)

// heartbeat is how long a stream may be silent before it shows that it is alive, to whatever stands in between.
const heartbeat = 15 * time.Second

// follow yields the order as it is, over and over, until ctx ends or the order is withdrawn. It reads the document, for
// which no store needs to be able to notify anybody, and no replica to know of another. While the store is down the
// order stays what it was.
func follow(ctx context.Context, orders Finder, first domain.Order) iter.Seq[domain.Order] {
	return func(yield func(domain.Order) bool) {
		latest, wait := first, shortestPause
		for yield(latest) && pause(ctx, wait) {
			wait = min(2*wait, longestPause)
			current, err := orders.Find(ctx, latest.ID)
			if errs.Is(err, errs.NotFound) {
				return
			}
			if err == nil && current.Status != latest.Status {
				latest, wait = current.Order, shortestPause
			}
		}
	}
}

// pause reports whether ctx lasts that long.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

type watchOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         func(ctx huma.Context)
}

func (h *API) watch(ctx context.Context, in *OrderPath) (*watchOutput, error) {
	order, err := h.visible(ctx, in.ID, identity.Staff, identity.Admin)
	if err != nil {
		return nil, err
	}
	leave, err := h.streams.take(identity.CallerOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	return &watchOutput{
		ContentType: "text/event-stream", CacheControl: "no-store",
		Body: func(ctx huma.Context) {
			defer leave()
			_, w := humamux.Unwrap(ctx)
			lasting, end := identity.Lasting(ctx.Context())
			defer end()
			// The client is gone, and with it whoever could be told.
			_ = send(w, follow(lasting, h.orders, order))
		},
	}, nil
}

// send writes each change of an order as an event, until its final one.
func send(w http.ResponseWriter, states iter.Seq[domain.Order]) error {
	var shown domain.Status
	last := time.Now()
	for order := range states {
		if order.Status == shown && time.Since(last) < heartbeat {
			continue
		}
		if err := write(w, order, order.Status != shown); err != nil {
			return err
		}
		shown, last = order.Status, time.Now()
		if shown.Final() {
			return nil
		}
	}
	return nil
}

// write sends one event, or the comment that shows that the stream is alive.
func write(w http.ResponseWriter, order domain.Order, changed bool) error {
	text := ": still " + string(order.Status) + "\n\n"
	if changed {
		data, err := json.Marshal(viewOf(order))
		if err != nil {
			return err
		}
		text = fmt.Sprintf("event: order\nid: %s\ndata: %s\n\n", order.Status, data)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
