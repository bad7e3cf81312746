package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"stoa/test/servers"
)

// shop is the way into a system: its gateway, with an API key, as people use it.
type shop struct {
	*system
	http     *http.Client
	broker   *broker           // nil if it is not the embedded one
	servers  []*servers.Server // that this system alone uses
	staff    string            // access tokens
	customer string
	account  string // of the customer
	product  string
	others   []string // further products, which orders want in turns
	serial   atomic.Int64
}

// openShop signs in and puts a product on sale, with enough pieces for everything that is measured. A minimal shop has neither people
// nor products.
func openShop(ctx context.Context, s *system) (*shop, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	b := &shop{system: s, http: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
	var err error
	if b.broker, err = dialBroker(s); err != nil {
		return b, err
	}
	if b.minimal() {
		return b, nil
	}
	if err := b.signIn(ctx); err != nil {
		return b, err
	}
	b.product, err = b.newProduct(ctx)
	return b, err
}

// The customer of the benchmark.
const (
	customerEmail    = "bench@example.com"
	customerPassword = "a password of a bench"
)

// signIn gets access tokens, which are valid for 15 minutes. The first time it makes the customer's account.
func (b *shop) signIn(ctx context.Context) error {
	if b.minimal() {
		return nil
	}
	var staff, customer struct {
		AccessToken string
		User        struct{ ID string }
	}
	if err := b.call(ctx, "POST", "/auth/signin/basic", "", b.credentials.Accounts["staff"], &staff); err != nil {
		return err
	}
	way, person := "signin", map[string]string{"email": customerEmail, "password": customerPassword}
	if b.customer == "" {
		way, person["name"] = "signup", "Bench"
	}
	err := b.call(ctx, "POST", "/auth/"+way+"/basic", "", person, &customer)
	b.staff, b.customer, b.account = staff.AccessToken, customer.AccessToken, customer.User.ID
	return err
}

func (b *shop) newProduct(ctx context.Context) (id string, err error) {
	var product struct{ ID string }
	sku := fmt.Sprint("BENCH-", b.serial.Add(1))
	err = b.call(ctx, "POST", "/products", b.staff, map[string]any{
		"name": "Amphora", "description": "Holds olive oil.", "sku": sku, "price": map[string]any{"amount": 1250, "currency": "EUR"},
	}, &product)
	for range 10 {
		if err == nil {
			err = b.call(ctx, "POST", "/products/"+product.ID+"/stock", b.staff, map[string]int{"change": 100_000}, nil)
		}
	}
	return product.ID, err
}

// wanted is the product of the next order.
func (b *shop) wanted() string {
	if next := int(b.serial.Add(1)) % (1 + len(b.others)); next > 0 {
		return b.others[next-1]
	}
	return b.product
}

// order places an order of one line, and returns its id.
func (b *shop) order(ctx context.Context, products ...string) (id string, err error) {
	type line struct {
		ProductID string `json:"productId"`
		Quantity  int    `json:"quantity"`
	}
	lines := make([]line, len(products))
	for i, product := range products {
		lines[i] = line{product, 1}
	}
	var order struct{ ID string }
	err = b.call(ctx, "POST", "/orders", b.customer, map[string]any{"items": lines}, &order)
	return order.ID, err
}

// minimal says that this is a twin or a bare shop.
func (b *shop) minimal() bool { return b.program != "" }

// status is the status of an order. An order of a minimal shop is confirmed when its mail is sent, which is its last step.
func (b *shop) status(ctx context.Context, id string) (string, error) {
	if b.minimal() {
		if _, err := os.Stat(filepath.Join(b.dir, ".stoa", "mail", id+".eml")); err != nil {
			return "pending", nil
		}
		return "confirmed", nil
	}
	var order struct{ Status string }
	err := b.call(ctx, "GET", "/orders/"+id, b.customer, nil, &order)
	return order.Status, err
}

// call sends a request through the gateway. It fails for every answer that is not a success.
func (b *shop) call(ctx context.Context, method, path, token string, body, result any) error {
	return b.callWith(ctx, nil, method, path, token, body, result)
}

// callWith is call with further headers.
func (b *shop) callWith(ctx context.Context, more http.Header, method, path, token string, body, result any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, b.record.Gateway+"/api/v1"+path, sent)
	if err != nil {
		return err
	}
	request.Header.Set("X-Api-Key", b.credentials.APIKey)
	if sent != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	maps.Copy(request.Header, more)
	answer, err := b.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode >= 300:
		return fmt.Errorf("%s: %s %s: %s %s", b.name, method, path, answer.Status, text)
	case result == nil:
		return nil
	}
	return json.Unmarshal(text, result)
}
