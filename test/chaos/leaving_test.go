package chaos

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// All that have something to forget die, one after the other, while somebody deletes an account. Each deletion comes to its end: within
// two minutes no store has an address, all orders are cancelled, their stock is free, and posts are gone.
func TestLeaving_isFinishedWhateverDies(t *testing.T) {
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) {
		o.Store, o.Env["MAILS_PER_HOUR"] = "sqlite", "0"
	})
	victims := []string{
		"auth", "order-worker", "notification", "backoffice", "blog", "order-api", "broker",
		"auth.sidecar", "order-worker.sidecar", "notification.sidecar", "backoffice.sidecar", "blog.sidecar",
	}
	admin, staff, editor := shop.SignIn(t, "admin"), shop.SignIn(t, "staff"), shop.SignIn(t, "editor")
	product := shop.NewProduct(t, staff, stock)
	var addresses []string
	people, orders, posts := make([]client.User, len(victims)), make([]string, len(victims)), make([]string, len(victims))
	for i := range people {
		people[i] = shop.NewAuthor(t, admin)
		addresses = append(addresses, people[i].Email)
		orders[i] = shop.PlaceOrder(t, people[i], product.ID, 1).ID
		shop.AwaitOrder(t, people[i], orders[i], "confirmed")
		posts[i] = shop.NewPost(t, people[i], editor).ID
		shop.Must(t, client.Following("PUT", "tags/Stock", people[i]), http.StatusOK, nil)
		shop.Must(t, client.WantsMails(people[i], "following", "at_once"), http.StatusOK, nil)
	}
	for i, name := range victims {
		victim, killed := shop.Process(t, name), make(chan error, 1)
		go func() { killed <- shop.Signal(victim.Name, os.Kill) }()
		// As a good client does: until it is accepted, or the session has ended because it was.
		shop.Await(t, client.DeletionOf(people[i], "delete"), http.StatusAccepted, http.StatusUnauthorized)
		must.Do(t, <-killed)
		system.Eventually(t, victim.Name+" is back", func() error { return shop.Replaced(victim) })
	}

	system.Within(t, toldWithin, "no store has an address", func() error {
		if left := must.Get(shop.Mentions(t.Context(), addresses...))(t); len(left) > 0 {
			return fmt.Errorf("left is %s", strings.Join(left, "\n"))
		}
		return nil
	})
	for i := range people {
		shop.AwaitOrder(t, staff, orders[i], "cancelled")
		shop.Await(t, client.Request{Method: "GET", Path: "/blog/id/" + posts[i]}, http.StatusNotFound)
		shop.Await(t, client.SignUpOf(addresses[i], client.Password), http.StatusCreated) // the address is free
	}
	shop.AwaitStock(t, product.ID, client.Product{Stock: stock, Available: stock})
}
