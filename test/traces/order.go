package traces

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/state"
	"stoa/internal/topology"
	"stoa/pkg/common/ids"
	"stoa/test/client"
)

// Apps are those that have a part in an order, from the request to the mail that confirms it: the gateway, and whoever publishes or
// handles an event on the way.
func Apps(root string) ([]string, error) {
	described, err := topology.Load(root)
	if err != nil {
		return nil, err
	}
	apps := []string{"gateway"}
	for _, topic := range described.Topics {
		if slices.Contains([]string{"order-placed", "stock", "order-confirmed"}, topic.Name) {
			apps = slices.Concat(apps, topic.From, topic.To)
		}
	}
	slices.Sort(apps)
	return slices.Compact(apps), nil
}

// PlaceOrder has staff put a product on sale and buy it, and returns the id of the order and that of its trace, once the mail of this
// kind is sent, such as order-confirmed.
func PlaceOrder(ctx context.Context, shop *client.Shop, mail string) (orderID, traceID string, err error) {
	staff := shop.Accounts["staff"]
	var session struct{ AccessToken string }
	if err := ask(ctx, shop, client.SignInOf(staff.Email, staff.Password), &session); err != nil {
		return "", "", err
	}
	as, product := client.User{Token: session.AccessToken}, struct{ ID string }{}
	if err := ask(ctx, shop, client.Request{Method: http.MethodPost, Path: "/products", As: as, Body: map[string]any{
		"name": "Amphora", "description": "Holds olive oil.", "sku": "TRACE-" + ids.New()[:8], "price": client.Money{Amount: 1250, Currency: "EUR"},
	}}, &product); err != nil {
		return "", "", err
	}
	if err := ask(ctx, shop, client.Request{
		Method: http.MethodPost, Path: "/products/" + product.ID + "/stock", As: as, Body: map[string]int{"change": 1},
	}, nil); err != nil {
		return "", "", err
	}
	request, order := client.OrderBy(as, product.ID, 1), client.Order{}
	request.Header = map[string]string{"x-request-id": ids.New()}
	if err := ask(ctx, shop, request, &order); err != nil {
		return "", "", err
	}
	file := state.Path(shop.Dir(), "mail", mail+"-"+order.ID+".eml")
	if err := await(ctx, "the mail "+mail, func() bool { _, err := os.Stat(file); return err == nil }); err != nil {
		return "", "", err
	}
	err = await(ctx, "the gateway's log", func() bool {
		traceID = traceOf(stack.LogFile(shop.Dir(), "gateway"), request.Header["x-request-id"])
		return traceID != ""
	})
	return order.ID, traceID, err
}

// ask sends a request until it is answered with a success, and reads the answer.
func ask(ctx context.Context, shop *client.Shop, r client.Request, out any) error {
	answer, err := shop.Persist(ctx, r)
	if err == nil && out != nil {
		err = json.Unmarshal(answer.Body, out)
	}
	return err
}

func await(ctx context.Context, what string, there func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !there() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not come within a minute: %w", what, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// traceOf looks in a log for the trace of a request.
func traceOf(log, requestID string) string {
	file, err := os.Open(log)
	if err != nil {
		return ""
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			RequestID string `json:"request_id"`
			TraceID   string `json:"trace_id"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.RequestID == requestID {
			return line.TraceID
		}
	}
	return ""
}
