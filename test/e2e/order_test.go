package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"stoa/test/client"
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

	ship(t, staff, order.ID)
	shop.AwaitOrder(t, customer, order.ID, "shipped")
	shop.AwaitMail(t, order.ID, "order-shipped")
	client.Eventually(t, "the stock is committed", func() error {
		if p := shop.Product(t, product.ID); p.Stock != 8 || p.Available != 8 || p.Reserved != 0 || p.Sold != 2 {
			return fmt.Errorf("got %+v", p)
		}
		return nil
	})

	shop.Must(t, client.Request{Method: "POST", Path: "/backoffice/fulfilments/" + order.ID + "/deliver", As: staff}, http.StatusOK, nil)
	shop.AwaitOrder(t, customer, order.ID, "delivered")
	shop.AwaitMail(t, order.ID, "order-delivered")

	var inbox struct {
		Items []struct{ Kind, OrderID string }
	}
	client.Eventually(t, "the inbox has the welcome and three entries about the order", func() error {
		shop.Must(t, client.Request{Method: "GET", Path: "/notifications", As: customer}, http.StatusOK, &inbox)
		if len(inbox.Items) != 4 || inbox.Items[0].OrderID != order.ID {
			return fmt.Errorf("got %+v", inbox)
		}
		return nil
	})
	var orders struct{ Items []client.Order }
	shop.Must(t, client.Request{Method: "GET", Path: "/orders", As: customer}, http.StatusOK, &orders)
	if len(orders.Items) != 1 || orders.Items[0].ID != order.ID {
		t.Errorf("orders: got %+v", orders)
	}
}

// ship has staff ship an order, once the back office knows of it.
func ship(t *testing.T, staff client.User, orderID string) {
	t.Helper()
	shipIn(t, shop, staff, orderID)
}

// shipIn ships an order of any shop as soon as it is queued for that.
func shipIn(t *testing.T, shop *client.Shop, staff client.User, orderID string) {
	t.Helper()
	client.Eventually(t, "staff can ship the order", func() error {
		answer, err := shop.Do(t.Context(), client.Request{Method: "POST", Path: "/backoffice/fulfilments/" + orderID + "/ship", As: staff})
		if err == nil && answer.Status != http.StatusOK && answer.Status != http.StatusAccepted {
			err = fmt.Errorf("got %s", answer)
		}
		return err
	})
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
	client.Eventually(t, "the stock is back", func() error {
		if p := shop.Product(t, product.ID); p.Available != 5 || p.Reserved != 0 {
			return fmt.Errorf("got %+v", p)
		}
		return nil
	})

	shipped := shop.PlaceOrder(t, customer, product.ID, 1)
	shop.AwaitOrder(t, customer, shipped.ID, "confirmed")
	ship(t, staff, shipped.ID)
	shop.AwaitOrder(t, customer, shipped.ID, "shipped")
	answer := shop.Must(t, client.Request{Method: "POST", Path: "/orders/" + shipped.ID + "/cancel", As: customer}, http.StatusConflict, nil)
	if answer.Problem().Kind != "conflict" {
		t.Errorf("got %s", answer)
	}
}

// 200 buyers at once, 100 pieces: nothing is sold twice, nothing is left over.
func TestStock_isNeverSoldTwice(t *testing.T) {
	t.Parallel()
	const buyers, pieces = 200, 100
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), pieces)
	customers := []client.User{shop.SignUp(t), shop.SignUp(t), shop.SignUp(t), shop.SignUp(t)}
	type placed struct {
		customer client.User
		id       string
	}
	orders := make(chan placed, buyers)
	var all sync.WaitGroup
	for n := range buyers {
		all.Go(func() {
			customer := customers[n%len(customers)]
			answer, err := shop.Do(t.Context(), client.Request{Method: "POST", Path: "/orders", As: customer, Body: client.OrderOf(product.ID, 1)})
			var order client.Order
			if err != nil || answer.Status != http.StatusCreated || json.Unmarshal(answer.Body, &order) != nil {
				t.Errorf("buyer %d: %s, %v", n, answer, err)
				return
			}
			orders <- placed{customer, order.ID}
		})
	}
	all.Wait()
	close(orders)
	count := map[string]int{}
	for o := range orders {
		var status string
		client.Eventually(t, "the order is decided", func() error {
			if status = shop.Order(t, o.customer, o.id).Status; status == "pending" {
				return fmt.Errorf("it is pending")
			}
			return nil
		})
		count[status]++
	}
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
	customer := shop.SignUp(t)
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 1000)
	request := client.Request{Method: "POST", Path: "/orders", As: customer, Key: "checkout-4711", Body: client.OrderOf(product.ID, 3)}
	answers := make(chan client.Answer, 50)
	var all sync.WaitGroup
	for range cap(answers) {
		all.Go(func() {
			answer, err := shop.Do(t.Context(), request)
			if err != nil {
				t.Error(err)
			}
			answers <- answer
		})
	}
	all.Wait()
	close(answers)
	first := <-answers
	if first.Status != http.StatusCreated || !strings.HasPrefix(first.Header.Get("Location"), "/api/v1/orders/") {
		t.Fatalf("got %s with Location %q", first, first.Header.Get("Location"))
	}
	for answer := range answers {
		if answer.Status != first.Status || string(answer.Body) != string(first.Body) {
			t.Errorf("got %s, others got %s", answer, first)
		}
	}
	var order client.Order
	if err := json.Unmarshal(first.Body, &order); err != nil {
		t.Fatal(err)
	}
	shop.AwaitOrder(t, customer, order.ID, "confirmed")
	if p := shop.Product(t, product.ID); p.Reserved != 3 {
		t.Errorf("reserved %d, want 3", p.Reserved)
	}

	request.Body = client.OrderOf(product.ID, 4)
	if answer := shop.Must(t, request, http.StatusUnprocessableEntity, nil); answer.Problem().Kind != "idempotency_key_reused" {
		t.Errorf("another body: got %s", answer)
	}
	// The key is the customer's own: somebody else's order has nothing to do with it.
	request.As = shop.SignUp(t)
	var other client.Order
	shop.Must(t, request, http.StatusCreated, &other)
	if other.ID == order.ID {
		t.Error("two customers with one key share an order")
	}
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
