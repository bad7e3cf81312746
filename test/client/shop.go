package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stoa/api/access"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/test/system"
)

// Product is a product as the API shows it.
type Product struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	SKU       string `json:"sku"`
	Stock     int    `json:"stock"`
	Available int    `json:"available"`
	Reserved  int    `json:"reserved"`
	Sold      int    `json:"sold"`
}

// Order is an order as the API shows it.
type Order struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	Items  []Line `json:"items"`
	Total  Money  `json:"total"`
	// UpdatedAt is when the status changed the last time.
	UpdatedAt time.Time `json:"updatedAt"`
}

// Line is a line of an order.
type Line struct {
	ProductID string `json:"productId"`
	Quantity  int    `json:"quantity"`
}

// Money is an amount in minor units.
type Money struct {
	Amount   int    `json:"amount"`
	Currency string `json:"currency"`
}

// serial makes addresses and article numbers that nobody else has.
var serial atomic.Int64

// Unknown is a well-formed id that nothing has.
const Unknown = "0198c6a0-0000-7000-8000-000000000001"

// Guarded is a request that tells whether a service lets somebody in, and that changes nothing.
type Guarded struct {
	Request
	Open int // the status for those who are let in
}

// EachGuarded is such a request to each service, for members of staff.
func EachGuarded(t testing.TB, as User) map[string]Guarded {
	t.Helper()
	requests := map[string]Guarded{}
	for service, o := range must.Get(access.Guarded("STAFF"))(t) {
		g := Guarded{Request{Method: o.Method, Path: strings.TrimPrefix(o.Target(Unknown), "/api/v1"), As: as}, http.StatusOK}
		if len(o.Parameters()) > 0 {
			g.Open = http.StatusNotFound
		}
		requests[service] = g
	}
	return requests
}

// NewProduct puts a new product with this stock on sale.
func (s *Shop) NewProduct(t testing.TB, staff User, stock int) Product {
	t.Helper()
	n := serial.Add(1)
	var product Product
	s.Must(t, Request{Method: "POST", Path: "/products", As: staff, Body: map[string]any{
		"name": fmt.Sprintf("Amphora no. %d", n), "description": "Holds olive oil.", "sku": fmt.Sprintf("AMP-%d-%d", os.Getpid(), n),
		"price": Money{Amount: 1250, Currency: "EUR"},
	}}, http.StatusCreated, &product)
	if stock > 0 {
		s.Must(t, Request{Method: "POST", Path: "/products/" + product.ID + "/stock", As: staff, Body: map[string]int{"change": stock}},
			http.StatusOK, &product)
	}
	return product
}

// Product reads a product.
func (s *Shop) Product(t testing.TB, id string) Product {
	t.Helper()
	var product Product
	s.Must(t, Request{Method: "GET", Path: "/products/" + id}, http.StatusOK, &product)
	return product
}

// OrderOf is the body of an order of one product.
func OrderOf(productID string, quantity int) map[string]any {
	return map[string]any{"items": []Line{{ProductID: productID, Quantity: quantity}}}
}

// OrderBy is a customer's order of one product.
func OrderBy(customer User, productID string, quantity int) Request {
	return Request{Method: "POST", Path: "/orders", As: customer, Body: OrderOf(productID, quantity)}
}

// PlaceOrder orders a quantity of one product and expects it to be taken.
func (s *Shop) PlaceOrder(t testing.TB, customer User, productID string, quantity int) Order {
	t.Helper()
	var order Order
	s.Must(t, OrderBy(customer, productID, quantity), http.StatusCreated, &order)
	return order
}

// Fulfil has staff ship or deliver an order, once the back office knows of it.
func (s *Shop) Fulfil(t testing.TB, staff User, orderID, step string) {
	t.Helper()
	s.Await(t, Request{Method: "POST", Path: "/backoffice/fulfilments/" + orderID + "/" + step, As: staff}, http.StatusOK, http.StatusAccepted)
}

// AwaitStock waits until the numbers of a product are these.
func (s *Shop) AwaitStock(t testing.TB, productID string, want Product) {
	t.Helper()
	system.Eventually(t, "the stock is right", func() error {
		got := s.Product(t, productID)
		if got.Stock != want.Stock || got.Available != want.Available || got.Reserved != want.Reserved || got.Sold != want.Sold {
			return fmt.Errorf("got %+v, want %+v", got, want)
		}
		return nil
	})
}

// Order reads an order.
func (s *Shop) Order(t testing.TB, customer User, id string) Order {
	t.Helper()
	var order Order
	s.Must(t, Request{Method: "GET", Path: "/orders/" + id, As: customer}, http.StatusOK, &order)
	return order
}

// Orders reads all orders on a customer's list.
func (s *Shop) Orders(t testing.TB, customer User) []Order {
	t.Helper()
	var all []Order
	for cursor := ""; ; {
		var page struct {
			Items []Order
			Next  string
		}
		s.Must(t, Request{Method: "GET", Path: "/orders?limit=100&cursor=" + cursor, As: customer}, http.StatusOK, &page)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// AwaitOrder waits until an order has this status.
func (s *Shop) AwaitOrder(t testing.TB, customer User, id, status string) Order {
	t.Helper()
	var order Order
	system.Eventually(t, "the order is "+status, func() error {
		answer, err := s.Do(t.Context(), Request{Method: "GET", Path: "/orders/" + id, As: customer})
		if err != nil {
			return err
		}
		order = Order{}
		if err := json.Unmarshal(answer.Body, &order); err != nil || order.Status != status {
			return fmt.Errorf("got %s", answer)
		}
		return nil
	})
	return order
}

// Mails lists the mails that were sent about an order, by kind: the names of the files that the mail binding wrote.
func (s *Shop) Mails(t testing.TB, orderID string) []string {
	t.Helper()
	var kinds []string
	for _, file := range must.Get(filepath.Glob(state.Path(s.Dir(), "mail", "*"+orderID+"*")))(t) {
		kinds = append(kinds, strings.Trim(strings.TrimSuffix(strings.ReplaceAll(filepath.Base(file), orderID, ""), ".eml"), "-"))
	}
	return kinds
}

// AwaitMail waits until a mail of this kind about an order is there, whole, and returns its text.
func (s *Shop) AwaitMail(t testing.TB, orderID, kind string) string {
	t.Helper()
	return s.awaitMailFile(t, kind+"-"+orderID)
}

func (s *Shop) awaitMailFile(t testing.TB, name string) string {
	t.Helper()
	var text []byte
	system.Eventually(t, "there is a mail "+name, func() error {
		var err error
		text, err = os.ReadFile(state.Path(s.Dir(), "mail", name+".eml"))
		if err == nil && !bytes.HasSuffix(bytes.TrimSpace(text), []byte("--")) {
			err = errors.New("it is being written")
		}
		return err
	})
	return string(text)
}
