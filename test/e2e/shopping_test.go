package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// sentBy returns what a browser sends with a form of a page that nobody has filled in, as names and values.
func sentBy(t *testing.T, answer client.Answer, action string) (sent []string) {
	t.Helper()
	page := visited{tree: must.Get(html.Parse(bytes.NewReader(answer.Body)))(t)}
	for _, f := range page.forms() {
		if f.action != action {
			continue
		}
		for _, field := range f.fields {
			sent = append(sent, field.name, field.value)
		}
	}
	return sent
}

// awaitPage waits until a page shows a text.
func awaitPage(t *testing.T, browser *client.Browser, path, text string) {
	t.Helper()
	system.Eventually(t, path+" shows "+text, func() error {
		if page := browser.Get(t, path); !strings.Contains(string(page.Body), text) {
			return fmt.Errorf("got %s", page)
		}
		return nil
	})
}

// A guest fills a cart, signs in, clicks twice, sees the order confirmed, and cancels it.
func TestShopping_makesOneOrderOfACart(t *testing.T) {
	t.Parallel()
	product, customer, browser := shop.NewProduct(t, shop.SignIn(t, "staff"), 5), shop.SignUp(t), shop.Browser(t)
	if added := browser.Post(t, "/products/"+product.ID, "quantity", "2"); added.Status != http.StatusSeeOther {
		t.Fatalf("got %s", added)
	}
	wantPage(t, browser.Get(t, "/cart"), http.StatusOK, product.Name, "You sign in")
	browser.SignIn(t, customer.Email, client.Password)
	checkout := browser.Get(t, "/checkout")
	wantPage(t, checkout, http.StatusOK, product.Name, "Order now for")
	form := sentBy(t, checkout, "/checkout")
	first, second := browser.Post(t, "/checkout", form...), browser.Post(t, "/checkout", form...)
	order := first.Header.Get("Location")
	if first.Status != http.StatusSeeOther || !strings.HasPrefix(order, "/orders/") || second.Header.Get("Location") != order {
		t.Fatalf("got %s, then %s", first, second)
	}
	awaitPage(t, browser, order, "Your pieces are reserved.")
	wantPage(t, browser.Get(t, "/cart"), http.StatusOK, "Your cart is empty.")
	awaitPage(t, browser, "/orders", order)
	if orders := browser.Get(t, "/orders"); strings.Count(string(orders.Body), `href="/orders/`) != 1 {
		t.Errorf("there is more than one order: %s", orders.Body)
	}
	if cancelled := browser.Post(t, order+"/cancel"); cancelled.Status != http.StatusSeeOther {
		t.Fatalf("got %s", cancelled)
	}
	awaitPage(t, browser, order, "This order was cancelled.")
}

// The cart of a user is the same in each browser.
func TestShopping_keepsTheCartOfAUser(t *testing.T) {
	t.Parallel()
	product, customer := shop.NewProduct(t, shop.SignIn(t, "staff"), 5), shop.SignUp(t)
	here, there := shop.Browser(t), shop.Browser(t)
	here.SignIn(t, customer.Email, client.Password)
	there.SignIn(t, customer.Email, client.Password)
	here.Post(t, "/products/"+product.ID, "quantity", "2")
	wantPage(t, there.Get(t, "/cart"), http.StatusOK, product.Name, `value="2"`)
	there.Post(t, "/cart", "product", product.ID, "quantity", "0")
	wantPage(t, here.Get(t, "/cart"), http.StatusOK, "Your cart is empty.")
}
