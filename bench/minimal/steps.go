package minimal

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// The sizes in bytes of what the shop stores and sends for an order of one line.
const (
	order       = 900
	product     = 600
	reservation = 350
	event       = 400
	mail        = 1500
)

// place saves a draft, publishes it and answers.
func (a *App) place(w http.ResponseWriter, r *http.Request) {
	id := fmt.Sprintf("%s-%d", a.Name, a.placed.Add(1))
	err := a.save(r.Context(), "order-store", "order:"+id, order, "")
	if err == nil {
		err = a.publish(r.Context(), "order-placed", id, order)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":%q,"status":"pending","lines":%s}`, id, filler(order/2))
}

// reserve is what inventory-worker does for a placed order.
func (a *App) reserve(ctx context.Context, id string) error {
	const store = "inventory-store"
	read, err := a.Platform.Read(ctx, store, "product:1", "reservation:"+id)
	if err != nil {
		return err
	}
	if err := a.save(ctx, store, "product:1", product, read[0].Version); err != nil {
		return err
	}
	if err := a.save(ctx, store, "reservation:"+id, reservation, ""); err != nil {
		return err
	}
	return a.publish(ctx, "stock", id, event)
}

// confirm is what order-worker does for a reserved order.
func (a *App) confirm(ctx context.Context, id string) error {
	const store = "order-store"
	read, err := a.Platform.Read(ctx, store, "order:"+id)
	if err != nil {
		return err
	}
	if err := a.save(ctx, store, "order:"+id, order, read[0].Version); err != nil {
		return err
	}
	if err := a.list(ctx, store, "orders", id); err != nil {
		return err
	}
	return a.publish(ctx, "order-confirmed", id, order)
}

// queue is what backoffice does for a confirmed order.
func (a *App) queue(ctx context.Context, id string) error {
	const store = "backoffice-store"
	if err := a.save(ctx, store, "fulfilment:"+id, order, ""); err != nil {
		return err
	}
	return a.list(ctx, store, "fulfilments", id)
}

// tell is what notification does for a confirmed order: it claims the notice, sends the mail, and records that it is sent.
func (a *App) tell(ctx context.Context, id string) error {
	const store = "notification-store"
	if err := a.save(ctx, store, "notice:"+id, mail, ""); err != nil {
		return err
	}
	if err := a.Platform.Mail(ctx, id+".eml", filler(mail)); err != nil {
		return err
	}
	if err := a.list(ctx, store, "inbox", id); err != nil {
		return err
	}
	return a.save(ctx, store, "notice:"+id, mail, Any)
}

// save saves a document of a size.
func (a *App) save(ctx context.Context, store, key string, size int, version string) error {
	return a.Platform.Save(ctx, store, Document{Key: key, Value: filler(size), Version: version})
}

func (a *App) publish(ctx context.Context, topic, id string, size int) error {
	return a.Platform.Publish(ctx, topic, topic+id, Event(a.Name, topic, id, size))
}

// list adds an id to a list.
func (a *App) list(ctx context.Context, store, key, id string) error {
	read, err := a.Platform.Read(ctx, store, key)
	if err != nil {
		return err
	}
	return a.Platform.Save(ctx, store, Document{Key: key, Value: listed(read[0].Value, id), Version: read[0].Version})
}

// listed is a list with one more entry, and half as long when it is full, as the heads of the shop's lists are.
func listed(value []byte, id string) []byte {
	var ids []string
	_ = json.Unmarshal(value, &ids) // there is none yet
	ids = append(ids, fmt.Sprintf("%-36s", id))
	if len(ids) > 64 {
		ids = ids[32:]
	}
	text, _ := json.Marshal(ids)
	return text
}
