package domain_test

import (
	"fmt"
	"slices"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/repositories"
)

// cartOf returns a cart with these products and quantities.
func cartOf(items ...domain.CartItem) domain.Cart { return domain.Cart{ID: "key", Items: items} }

func TestCart_addsAndSets(t *testing.T) {
	var cart domain.Cart
	must.Do(t, cart.Add("oil", 2))
	must.Do(t, cart.Add("lamp", 1))
	must.Do(t, cart.Add("oil", 3))
	cart.Set("lamp", 4)
	cart.Set("cloak", 1) // it is not there, so it was ordered or removed a moment ago
	if want := cartOf(domain.CartItem{ProductID: "oil", Quantity: 5}, domain.CartItem{ProductID: "lamp", Quantity: 4}); !slices.Equal(cart.Items, want.Items) || cart.Pieces() != 9 {
		t.Errorf("got %+v", cart)
	}
	cart.Set("oil", 0)
	must.Do(t, cart.Add("lamp", domain.MaxPieces))
	if cart.Has("oil") || cart.Pieces() != domain.MaxPieces {
		t.Errorf("got %+v", cart)
	}
	for i := range domain.MaxCartItems - 1 {
		must.Do(t, cart.Add(fmt.Sprint(i), 1))
	}
	if err := cart.Add("one more", 1); !errs.Is(err, errs.Conflict) {
		t.Errorf("a full cart: got %v", err)
	}
	must.Do(t, cart.Add("0", 1))
}

// It is merged again if the answer that ends the guest's cart is lost.
func TestCart_mergesAnyNumberOfTimes(t *testing.T) {
	cart := cartOf(domain.CartItem{ProductID: "oil", Quantity: 5}, domain.CartItem{ProductID: "lamp", Quantity: 1})
	guests := domain.Cart{Items: []domain.CartItem{{ProductID: "oil", Quantity: 2}, {ProductID: "lamp", Quantity: 3}, {ProductID: "cloak", Quantity: 1}}}
	want := []domain.CartItem{{ProductID: "oil", Quantity: 5}, {ProductID: "lamp", Quantity: 3}, {ProductID: "cloak", Quantity: 1}}
	for range 2 {
		cart.Merge(guests)
		if !slices.Equal(cart.Items, want) || cart.ID != "key" {
			t.Errorf("got %+v", cart)
		}
	}
}

func TestCart_losesWhatWasOrderedOnce(t *testing.T) {
	ordered := []domain.CartItem{{ProductID: "oil", Quantity: 2}, {ProductID: "lamp", Quantity: 1}}
	cart := cartOf(slices.Clone(ordered)...)
	must.Do(t, cart.Add("oil", 1)) // in another tab, meanwhile
	for range 2 {
		cart.Ordered("key", ordered, "next")
		if want := []domain.CartItem{{ProductID: "oil", Quantity: 1}}; !slices.Equal(cart.Items, want) || cart.ID != "next" {
			t.Errorf("got %+v", cart)
		}
	}
}

func TestCarts_keepTheirKey(t *testing.T) {
	states, side := sidecartest.New()
	carts := repositories.NewCarts(side)
	if none := must.Get(carts.Get(t.Context(), "ada"))(t); len(none.Items) > 0 {
		t.Errorf("got %+v", none)
	}
	add := func(cart *domain.Cart) error { return cart.Add("oil", 1) }
	first := must.Get(carts.Update(t.Context(), "ada", add))(t)
	second := must.Get(carts.Update(t.Context(), "ada", add))(t)
	if first.ID == "" || second.ID != first.ID || second.Pieces() != 2 {
		t.Errorf("got %+v, then %+v", first, second)
	}
	if got := states.TTL("web-store", "cart:ada"); got != "7776000" {
		t.Errorf("it stays for %s s", got)
	}
}
