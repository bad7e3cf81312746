// Package hostile tests the system from outside, as those see it who mean it harm: requests that nobody sends by mistake,
// every operation called by everybody who may not, and what is left of a sign-in while auth is away. All of it goes
// through the gateway of a running system, most of it over a plain connection, since an HTTP client would tidy it up.
package hostile

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
)

// shop is the system that the tests of this package share; those that break something start their own.
var shop *client.Shop

func TestMain(m *testing.M) {
	os.Exit(client.Main(m, func(started *client.Shop) error {
		shop = started
		return nil
	}, func(o *stack.Options) { o.Env["VERIFY_ADDRESSES"] = "true" }))
}

// unknown is a well-formed id that nothing has.
const unknown = client.Unknown

// world is what the attacks are about: people, and what belongs to them.
type world struct {
	*client.Shop
	alice, bob, staff, admin client.User
	product                  client.Product
	order                    client.Order // of alice, decided
	refresh                  string       // of another session of bob
}

func newWorld(t *testing.T, shop *client.Shop) *world {
	t.Helper()
	w := &world{Shop: shop, alice: shop.SignUp(t), bob: shop.SignUp(t), staff: shop.SignIn(t, "staff"), admin: shop.SignIn(t, "admin")}
	w.product = shop.NewProduct(t, w.staff, 100)
	placed := shop.PlaceOrder(t, w.alice, w.product.ID, 1)
	w.refresh = shop.SignInAs(t, w.bob.Email, client.Password).Refresh
	w.order = shop.AwaitOrder(t, w.alice, placed.ID, "confirmed")
	return w
}

// address is where the gateway listens.
func (w *world) address() string { return strings.TrimPrefix(w.URL, "http://") }

// unharmed checks that nothing was written by what was refused, and that the shop is open.
func (w *world) unharmed(t *testing.T) {
	t.Helper()
	if p := w.Product(t, w.product.ID); p.Stock != 100 || p.Available != 99 || p.Reserved != 1 {
		t.Errorf("the stock was touched: %+v", p)
	}
	if orders := w.Orders(t, w.alice); len(orders) != 1 || orders[0].Status != "confirmed" {
		t.Errorf("the orders of alice were touched: %+v", orders)
	}
	if orders := w.Orders(t, w.bob); len(orders) != 0 {
		t.Errorf("bob has orders now: %+v", orders)
	}
	var profile struct{ Roles []string }
	w.Must(t, client.Request{Method: "GET", Path: "/auth/profile/mine", As: w.bob}, http.StatusOK, &profile)
	if fmt.Sprint(profile.Roles) != "[LEARNER]" {
		t.Errorf("bob has the roles %v", profile.Roles)
	}
	order := w.PlaceOrder(t, w.bob, w.product.ID, 1)
	w.AwaitOrder(t, w.bob, order.ID, "confirmed")
}

// text is a value as JSON.
func text(t *testing.T, value any) string {
	t.Helper()
	return string(must.Get(json.Marshal(value))(t))
}
