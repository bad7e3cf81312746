package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/test/client"
	"stoa/test/system"
)

// The way of an order from the customer to the door, with all that happens around it.
func TestOrder_isConfirmedShippedAndDelivered(t *testing.T) {
	t.Parallel()
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)
	product := shop.NewProduct(t, staff, 10)

	started := time.Now()
	order := shop.PlaceOrder(t, customer, product.ID, 2)
	if order.Status != "pending" || order.Total != (client.Money{Amount: 2500, Currency: "EUR"}) {
		t.Errorf("placed: got %+v", order)
	}
	shop.AwaitOrder(t, customer, order.ID, "confirmed")
	t.Logf("confirmed %s after it was sent", time.Since(started).Round(time.Millisecond))

	if mail := shop.AwaitMail(t, order.ID, "order-confirmed"); !strings.Contains(mail, customer.Email) || !strings.Contains(mail, product.Name) {
		t.Errorf("the mail names neither the customer nor the product:\n%s", mail)
	}
	if p := shop.Product(t, product.ID); p.Stock != 10 || p.Available != 8 || p.Reserved != 2 || p.Sold != 0 {
		t.Errorf("reserved: got %+v", p)
	}

	shop.Fulfil(t, staff, order.ID, "ship")
	shop.AwaitOrder(t, customer, order.ID, "shipped")
	shop.AwaitMail(t, order.ID, "order-shipped")
	shop.AwaitStock(t, product.ID, client.Product{Stock: 8, Available: 8, Sold: 2})

	shop.Must(t, client.Request{Method: "POST", Path: "/backoffice/fulfilments/" + order.ID + "/deliver", As: staff}, http.StatusOK, nil)
	shop.AwaitOrder(t, customer, order.ID, "delivered")
	shop.AwaitMail(t, order.ID, "order-delivered")

	var inbox struct {
		Items []struct{ Kind, OrderID string }
	}
	system.Eventually(t, "the inbox has the welcome and three entries about the order", func() error {
		shop.Must(t, client.Request{Method: "GET", Path: "/notifications", As: customer}, http.StatusOK, &inbox)
		if len(inbox.Items) != 4 || inbox.Items[0].OrderID != order.ID {
			return fmt.Errorf("got %+v", inbox)
		}
		return nil
	})
	if orders := shop.Orders(t, customer); len(orders) != 1 || orders[0].ID != order.ID {
		t.Errorf("orders: got %+v", orders)
	}
}

func TestOrder_givesTheStockBackWhenCancelled(t *testing.T) {
	t.Parallel()
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)
	product := shop.NewProduct(t, staff, 5)
	order := shop.PlaceOrder(t, customer, product.ID, 5)
	shop.AwaitOrder(t, customer, order.ID, "confirmed")

	cancel := client.Request{Method: "POST", Path: "/orders/" + order.ID + "/cancel", As: customer}
	shop.Must(t, cancel, http.StatusOK, nil)
	shop.Must(t, cancel, http.StatusOK, nil) // a second time is as good as once
	shop.AwaitOrder(t, customer, order.ID, "cancelled")
	shop.AwaitMail(t, order.ID, "order-cancelled")
	shop.AwaitStock(t, product.ID, client.Product{Stock: 5, Available: 5})

	shipped := shop.PlaceOrder(t, customer, product.ID, 1)
	shop.AwaitOrder(t, customer, shipped.ID, "confirmed")
	shop.Fulfil(t, staff, shipped.ID, "ship")
	shop.AwaitOrder(t, customer, shipped.ID, "shipped")
	answer := shop.Must(t, client.Request{Method: "POST", Path: "/orders/" + shipped.ID + "/cancel", As: customer}, http.StatusConflict, nil)
	if answer.Problem().Kind != "conflict" {
		t.Errorf("got %s", answer)
	}
}

// What the customer was shown is what the order costs, also when the price changed a moment ago.
func TestOrder_isPlacedAtThePriceThatWasShown(t *testing.T) {
	t.Parallel()
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)
	product := shop.NewProduct(t, staff, 10)
	shop.PlaceOrder(t, customer, product.ID, 1) // order-api remembers the price
	shop.Must(t, client.Request{Method: "PUT", Path: "/products/" + product.ID, As: staff, Body: map[string]any{
		"name": product.Name, "description": "Holds more olive oil.", "price": client.Money{Amount: 1500, Currency: "EUR"},
	}}, http.StatusOK, nil)
	shown := func(amount int) client.Request {
		return client.Request{Method: "POST", Path: "/orders", As: customer, Body: map[string]any{"items": []map[string]any{
			{"productId": product.ID, "quantity": 2, "unitPrice": client.Money{Amount: amount, Currency: "EUR"}},
		}}}
	}
	var order client.Order
	shop.Must(t, shown(1500), http.StatusCreated, &order)
	if order.Total != (client.Money{Amount: 3000, Currency: "EUR"}) {
		t.Errorf("got %+v", order)
	}
	if answer := shop.Must(t, shown(1250), http.StatusConflict, nil); answer.Field() != "items[0].unitPrice" {
		t.Errorf("got %s", answer)
	}
}

// Nobody can have a whole stock reserved without paying for it.
func TestOrder_isRefusedWhileTooManyPiecesAreNotShipped(t *testing.T) {
	t.Parallel()
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)
	product := shop.NewProduct(t, staff, 3000)
	first := shop.PlaceOrder(t, customer, product.ID, 600)
	shop.PlaceOrder(t, customer, product.ID, 400)
	shop.Must(t, client.OrderBy(customer, product.ID, 1), http.StatusConflict, nil)
	shop.PlaceOrder(t, shop.SignUp(t), product.ID, 1000) // each customer has a limit
	shop.Fulfil(t, staff, first.ID, "ship")
	shop.AwaitOrder(t, customer, first.ID, "shipped")
	shop.AwaitOrder(t, customer, shop.PlaceOrder(t, customer, product.ID, 600).ID, "confirmed")
}

// 200 buyers at once, 100 pieces: nothing is sold twice, nothing is left over. A crowd on a slow machine may be told to come
// back, and does.
func TestStock_isNeverSoldTwice(t *testing.T) {
	t.Parallel()
	const buyers, pieces = 200, 100
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), pieces)
	customers := []client.User{shop.SignUp(t), shop.SignUp(t), shop.SignUp(t), shop.SignUp(t)}
	orders := make([]client.Placed, buyers)
	system.AtOnce(buyers, func(n int) {
		request := client.OrderBy(customers[n%len(customers)], product.ID, 1)
		request.Key = fmt.Sprint("buyer-", n)
		var err error
		if orders[n], err = shop.Insist(t.Context(), request); err != nil {
			t.Errorf("buyer %d: %v", n, err)
		}
	})
	if t.Failed() {
		return
	}
	count := shop.Decided(t, orders)
	if count["confirmed"] != pieces || count["rejected"] != buyers-pieces {
		t.Errorf("got %v, want %d confirmed and %d rejected", count, pieces, buyers-pieces)
	}
	if p := shop.Product(t, product.ID); p.Available != 0 || p.Reserved != pieces || p.Stock != pieces {
		t.Errorf("got %+v", p)
	}
}

// One key, sent 50 times at once, is one order with 50 equal answers.
func TestOrder_isPlacedOnceForOneKey(t *testing.T) {
	t.Parallel()
	shop.ExpectOneOrder(t, 50)
}

// The events of an order show every step, and end with it.
func TestOrder_streamsItsEvents(t *testing.T) {
	t.Parallel()
	customer := shop.SignUp(t)
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 1)
	order := shop.PlaceOrder(t, customer, product.ID, 1)
	shop.AwaitOrder(t, customer, order.ID, "confirmed")
	stream := openEvents(t, shop, customer, order.ID)
	if got := stream.next(t); got.Status != "confirmed" {
		t.Errorf("first: got %s", got.Status)
	}
	shop.Must(t, client.Request{Method: "POST", Path: "/orders/" + order.ID + "/cancel", As: customer}, http.StatusOK, nil)
	if got := stream.next(t); got.Status != "cancelled" {
		t.Errorf("second: got %s", got.Status)
	}
	stream.end(t)
}
