package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"stoa/test/system"
)

// Placed is an order that was answered with 201.
type Placed struct {
	Customer User
	ID       string
}

// Persist sends a request until it is answered with a success, as a good client does. Only what says that something is down
// may be tried again.
func (s *Shop) Persist(ctx context.Context, r Request) (Answer, error) {
	for deadline := time.Now().Add(system.Patience); ; {
		answer, err := s.Do(ctx, r)
		switch {
		case err == nil && answer.Status < http.StatusMultipleChoices:
			return answer, nil
		case err == nil && answer.Status != http.StatusServiceUnavailable:
			return answer, fmt.Errorf("%s %s: got %s", r.Method, r.Path, answer)
		case time.Now().After(deadline):
			return answer, fmt.Errorf("%s %s: refused for a minute: %s, %w", r.Method, r.Path, answer, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Insist is Persist for an order, which has a key.
func (s *Shop) Insist(ctx context.Context, r Request) (Placed, error) {
	answer, err := s.Persist(ctx, r)
	if err == nil && answer.Status != http.StatusCreated {
		err = fmt.Errorf("got %s", answer)
	}
	var order Order
	if err == nil {
		err = json.Unmarshal(answer.Body, &order)
	}
	return Placed{r.As, order.ID}, err
}

// InsistAll sends orders, several at once, until each is taken, and tells of them as they are.
func (s *Shop) InsistAll(t testing.TB, orders []Request) <-chan Placed {
	const callers = 6
	taken := make(chan Placed, len(orders))
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := caller; n < len(orders); n += callers {
				order, err := s.Insist(t.Context(), orders[n])
				if err != nil {
					t.Errorf("the order %s: %v", orders[n].Key, err)
					return
				}
				taken <- order
			}
		})
	}
	go func() {
		all.Wait()
		close(taken)
	}()
	return taken
}

// Books waits until all orders are decided, and expects that the stock of the products is what the orders say. It counts the
// orders by status.
func (s *Shop) Books(t testing.TB, orders []Placed, products ...Product) map[string]int {
	t.Helper()
	count := s.Decided(t, orders)
	if count["confirmed"]+count["rejected"] != len(orders) {
		t.Errorf("got %v for %d orders", count, len(orders))
	}
	reserved := map[string]int{}
	for _, o := range orders {
		if order := s.Order(t, o.Customer, o.ID); order.Status == "confirmed" {
			reserved[order.Items[0].ProductID] += order.Items[0].Quantity
		}
	}
	for _, p := range products {
		s.AwaitStock(t, p.ID, Product{Stock: p.Stock, Reserved: reserved[p.ID], Available: p.Stock - reserved[p.ID]})
	}
	return count
}

// SendAtOnce sends an order several times at once, expects that each is answered by 201 and the same, and returns the answer.
func (s *Shop) SendAtOnce(t testing.TB, n int, order Request) Answer {
	t.Helper()
	answers := make([]Answer, n)
	system.AtOnce(n, func(i int) {
		var err error
		if answers[i], err = s.Do(t.Context(), order); err != nil {
			t.Error(err)
		}
	})
	for _, answer := range answers {
		if answer.Status != http.StatusCreated || string(answer.Body) != string(answers[0].Body) {
			t.Fatalf("got %s, others got %s", answer, answers[0])
		}
	}
	return answers[0]
}

// ExpectOneOrder expects that an order that is sent many times at once under one key is placed once, and that the key is good
// for nothing else.
func (s *Shop) ExpectOneOrder(t testing.TB, senders int) {
	t.Helper()
	customer := s.SignUp(t)
	product := s.NewProduct(t, s.SignIn(t, "staff"), 100)
	request := OrderBy(customer, product.ID, 3)
	request.Key = "checkout-4711"
	first := s.SendAtOnce(t, senders, request)
	if location := first.Header.Get("Location"); !strings.HasPrefix(location, "/api/v1/orders/") {
		t.Fatalf("got %s with Location %q", first, location)
	}
	var order, other Order
	first.Read(t, &order)
	s.AwaitOrder(t, customer, order.ID, "confirmed")
	s.AwaitStock(t, product.ID, Product{Stock: 100, Available: 97, Reserved: 3})

	request.Body = OrderOf(product.ID, 4)
	s.Try(t, request).Expect(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	// The key is the customer's own: somebody else's order has nothing to do with it.
	request.As = s.SignUp(t)
	s.Must(t, request, http.StatusCreated, &other)
	if other.ID == order.ID {
		t.Error("two customers with one key share an order")
	}
}

// Decided waits until every order is confirmed or rejected and counts them by status.
func (s *Shop) Decided(t testing.TB, orders []Placed) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, o := range orders {
		system.Eventually(t, "the order "+o.ID+" is decided", func() error {
			answer, err := s.Do(t.Context(), Request{Method: "GET", Path: "/orders/" + o.ID, As: o.Customer})
			var order Order
			if err == nil {
				err = json.Unmarshal(answer.Body, &order)
			}
			if err == nil && (answer.Status != http.StatusOK || order.Status == "pending") {
				err = fmt.Errorf("got %s", answer)
			}
			if err == nil {
				count[order.Status]++
			}
			return err
		})
	}
	return count
}
