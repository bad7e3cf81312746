package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"stoa/test/client"
	"stoa/test/system"
)

// pagesFlow needs of a store what sessions and carts do: documents that expire, and compare-and-swap.
func pagesFlow(t *probe, s shop) {
	customer, product := s.SignUp(t), s.NewProduct(t, s.SignIn(t, "staff"), 5)
	browser := s.Browser(t)
	order := browser.Buy(t, customer, product, 2)
	s.AwaitStock(t, product.ID, client.Product{Stock: 5, Available: 3, Reserved: 2})
	if orders := s.Orders(t, customer); len(orders) != 1 || orders[0].ID != order {
		t.Errorf("two clicks on %s made %+v", order, orders)
	}

	if added := browser.Post(t, "/products/"+product.ID, "quantity", "1"); added.Status != http.StatusSeeOther {
		t.Fatalf("got %s", added)
	}
	s.rig.Kill(t, "web")
	system.Eventually(t, "the cart is there again", func() error {
		page := browser.Get(t, "/cart")
		if !strings.Contains(string(page.Body), product.Name) || !strings.Contains(string(page.Body), `action="/sign-out"`) {
			return fmt.Errorf("got %s", page)
		}
		return nil
	})

	copied := s.Browser(t)
	for _, cookie := range browser.Cookies() {
		copied.Header.Add("Cookie", cookie.String())
	}
	if page := copied.Get(t, "/orders/"+order); page.Status != http.StatusOK {
		t.Errorf("a copy of the cookie: got %s", page)
	}
	browser.Post(t, "/sign-out")
	for name, b := range map[string]*client.Browser{"who signed out": browser, "a copy of the cookie": copied} {
		if page := b.Get(t, "/orders/"+order); page.Status == http.StatusOK || strings.Contains(string(page.Body), product.Name) {
			t.Errorf("%s: got %s", name, page)
		}
	}
}
