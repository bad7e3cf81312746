package messaging_test

import (
	"context"
	"encoding/json"
	"fmt"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/messaging"
)

// Low says that few pieces of a product are left.
type Low struct {
	ProductID string `json:"productId"`
	Available int64  `json:"available"`
}

// The id of an event follows from its cause, so a handler that runs twice publishes two copies of one event.
func ExampleNew() {
	first, _ := messaging.New("stock.low.v1", "p-1", Low{ProductID: "p-1", Available: 2}, "order-1")
	again, _ := messaging.New("stock.low.v1", "p-1", Low{ProductID: "p-1", Available: 2}, "order-1")
	other, _ := messaging.New("stock.low.v1", "p-1", Low{ProductID: "p-1", Available: 2}, "order-2")
	fmt.Println(first.ID == again.ID, first.ID == other.ID)
	fmt.Println(string(first.Data))
	// Output:
	// true false
	// {"productId":"p-1","available":2}
}

// A handler gets the payload as a struct of its own service.
func ExampleTyped() {
	handler := messaging.Typed(func(_ context.Context, e messaging.Event, low Low) error {
		fmt.Println(e.Subject, low.Available)
		return nil
	})
	data, _ := json.Marshal(Low{ProductID: "p-1", Available: 2})
	_ = handler(context.Background(), messaging.Event{Type: "stock.low.v1", Subject: "p-1", Data: data})
	// Output: p-1 2
}

// A handler publishes the events that follow before the event that it handles is acknowledged.
func ExampleConsumer() {
	service.Main(func(ctx context.Context) error {
		cfg, err := config.Load[config.Base]()
		if err != nil {
			return err
		}
		app, err := service.Start(ctx, cfg)
		if err != nil {
			return err
		}
		defer app.Close(ctx)
		publisher, err := app.Publisher()
		if err != nil {
			return err
		}
		reorder := func(ctx context.Context, e messaging.Event, low Low) error {
			order, err := messaging.New("supplier.order.v1", low.ProductID, low, e.ID)
			if err != nil {
				return err
			}
			return publisher.Publish(ctx, "supplier-orders", order) // if it fails, the event is delivered again
		}
		consumer, err := app.Consumer(publisher, messaging.Subscription{
			Topic: "stock", On: map[string]messaging.Handler{"stock.low.v1": messaging.Typed(reorder)},
		})
		if err != nil {
			return err
		}
		return app.Run(ctx, consumer.Run, app.ProbeServer())
	})
}
