package security

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/api/access"
	"stoa/pkg/common/must"
	"stoa/test/client"
)

// Everything that an order needs is let through: the calls of the gateway, the quote by gRPC, keys and sessions at auth.
func TestPolicies_letAnOrderThrough(t *testing.T) {
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)
	product := shop.NewProduct(t, staff, 5)
	order := shop.PlaceOrder(t, customer, product.ID, 2)
	shop.AwaitOrder(t, customer, order.ID, "confirmed")
	shop.AwaitMail(t, order.ID, "order-confirmed")
}

// And so is what pages need: web calls all apps that have operations for people.
func TestPolicies_letPagesThrough(t *testing.T) {
	customer := shop.SignUp(t)
	browser := shop.Browser(t)
	browser.Buy(t, customer, shop.NewProduct(t, shop.SignIn(t, "staff"), 5), 2)
	browsers := map[access.Caller]*client.Browser{access.KeyOnly: shop.Browser(t), "LEARNER": browser}
	for _, role := range []string{"staff", "admin", "author", "editor"} {
		b := shop.Browser(t)
		b.SignIn(t, shop.Accounts[role].Email, shop.Accounts[role].Password)
		browsers[access.Caller(strings.ToUpper(role))] = b
	}
	rules := must.Get(access.Pages())(t)
	for _, path := range slices.Sorted(maps.Keys(rules)) {
		for caller, b := range browsers {
			rule := rules[path].Get
			if rule == nil || rule.Outcome(caller) != access.Allowed || strings.Contains(path, "{") {
				continue
			}
			page := b.Get(t, path)
			if page.Status >= http.StatusBadRequest || strings.Contains(string(page.Body), "This part cannot be shown right now.") {
				t.Errorf("%s, %s: got %s", caller, path, page)
			}
		}
	}
}
