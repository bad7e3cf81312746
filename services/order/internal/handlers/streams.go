package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"

	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

// heartbeat is how long a stream is silent before it sends a comment, so that no proxy closes it.
const heartbeat = 15 * time.Second

type watchOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         func(ctx huma.Context)
}

func (h *handlers) watch(ctx context.Context, in *OrderPath) (*watchOutput, error) {
	order, err := h.orders.Get(ctx, in.ID, viewer(ctx))
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
			send(w, h.orders.Follow(lasting, order))
		},
	}, nil
}

// send writes each change of an order as an event, up to the final one. Writing fails only when the client has gone, and then
// nobody can read an error.
func send(w http.ResponseWriter, states iter.Seq[domain.Order]) {
	var shown domain.Status
	last := time.Now()
	for order := range states {
		if order.Status == shown && time.Since(last) < heartbeat {
			continue
		}
		if write(w, order, order.Status != shown) != nil {
			return
		}
		shown, last = order.Status, time.Now()
		if shown.Final() {
			return
		}
	}
}

// write sends one event, or a comment if nothing has changed.
func write(w http.ResponseWriter, order domain.Order, changed bool) error {
	text := ": still " + string(order.Status) + "\n\n"
	if changed {
		data, _ := json.Marshal(viewOf(order)) // every order can be written as JSON
		text = fmt.Sprintf("event: order\nid: %s\ndata: %s\n\n", order.Status, data)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
