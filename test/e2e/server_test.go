package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/servers"
	"stoa/test/system"
)

// The same shop on components/base/server: secrets in the environment, mails by a mail server, settings that change
// while it runs.
func TestServerBase_runsTheShop(t *testing.T) {
	redis := servers.Redis(t)
	post := startMailServer(t)
	// Secrets of .stoa/secrets.json reach the sidecars as well as those that the operator's environment has instead.
	t.Setenv("SMTP_USER", smtpUser)
	t.Setenv("SMTP_PASSWORD", smtpPassword)
	redis.Secrets["SMTP_PORT"] = post.port
	shop := client.Start(t, t.TempDir(), func(o *stack.Options) { o.Base, o.Secrets = "server", redis.Secrets })
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 100)

	t.Run("each mail reaches the one whom it is for", func(t *testing.T) { mailsArrive(t, shop, post, product) })
	t.Run("refused addresses leave others their speed", func(t *testing.T) { refusedAddressesAreParked(t, shop, post) })
	t.Run("inboxes do not wait for a mail server", func(t *testing.T) { inboxGoesOn(t, shop, post, product) })
	t.Run("signing keys that are in the environment are rotated", func(t *testing.T) {
		customer := shop.SignUp(t)
		current := rotateKeys(t, shop)
		if kid := kidOf(t, shop.SignUp(t).Token); kid != current {
			t.Errorf("%s signs, want %s", kid, current)
		}
		shop.Must(t, client.Request{Method: "GET", Path: "/orders", As: customer}, http.StatusOK, nil)
	})
	t.Run("orders are shipped automatically from now on", func(t *testing.T) {
		customer := shop.SignUp(t)
		before := shop.PlaceOrder(t, customer, product.ID, 1)
		shop.AwaitOrder(t, customer, before.ID, "confirmed")
		must.Do(t, redis.Set(t.Context(), 1, "AUTO_FULFIL", "true"))
		system.Eventually(t, "a new order is shipped", func() error {
			order := shop.PlaceOrder(t, customer, product.ID, 1)
			return shippedSoon(t, shop, customer, order.ID)
		})
		if got := shop.Order(t, customer, before.ID); got.Status != "confirmed" {
			t.Errorf("the order from before is %s", got.Status)
		}
	})
}

// mailsArrive has many mails of several kinds under way at once.
func mailsArrive(t *testing.T, shop *client.Shop, post *mailServer, product client.Product) {
	staff := shop.SignIn(t, "staff")
	customers := make([]client.User, 12)
	for i := range customers {
		customers[i] = shop.SignUp(t)
	}
	orders := make([]client.Order, len(customers))
	system.AtOnce(len(customers), func(i int) {
		orders[i] = shop.PlaceOrder(t, customers[i], product.ID, 1)
		shop.Fulfil(t, staff, orders[i].ID, "ship")
	})
	for i, customer := range customers {
		system.Eventually(t, "the welcome and both mails about the order are there", func() error {
			if got := len(post.to(customer.Email)); got != 3 {
				return fmt.Errorf("%d are", got)
			}
			return nil
		})
		welcomes := 0
		for _, mail := range post.to(customer.Email) {
			about := orders[i].ID
			if strings.HasPrefix(mail.subject, "Welcome") {
				about = "Your account is ready"
				welcomes++
			}
			if !strings.Contains(mail.body, about) || !strings.HasPrefix(mail.body, "<!DOCTYPE html>") ||
				!strings.HasPrefix(mail.contentType, "text/html") || mail.from != "shop@stoa.local" {
				t.Errorf("%s got %+v", customer.Email, mail)
			}
		}
		if welcomes != 1 {
			t.Errorf("%s was welcomed %d times", customer.Email, welcomes)
		}
	}
}

// refusedAddressesAreParked has a mail server refuse sixteen customers. Each of their mails costs it one attempt, and the mails
// of others are sent at their first. Speed is a matter of counts here: a mail that waits for another would be tried later.
func refusedAddressesAreParked(t *testing.T, shop *client.Shop, post *mailServer) {
	const bad, good, each = 16, 8, 15
	staff, began := shop.SignIn(t, "staff"), time.Now()
	product := shop.NewProduct(t, staff, bad+good*each)
	nobodies, customers := make([]client.User, bad), make([]client.User, good)
	for i := range nobodies {
		up := client.SignUpOf(fmt.Sprintf("%s%d-%s@example.com", stranger, i, product.ID), client.Password)
		nobodies[i] = shop.Must(t, up, http.StatusCreated, nil).User(t)
	}
	for i := range customers {
		customers[i] = shop.SignUp(t)
	}
	system.AtOnce(bad, func(i int) { shop.PlaceOrder(t, nobodies[i], product.ID, 1) })
	system.AtOnce(good, func(i int) {
		for range each {
			shop.PlaceOrder(t, customers[i], product.ID, 1)
		}
	})
	for _, customer := range customers {
		system.Eventually(t, "all mails are there", func() error {
			if got := len(post.to(customer.Email)); got != 1+each {
				return fmt.Errorf("%d are", got)
			}
			return nil
		})
		if got := post.triedFor(customer.Email); got != 1+each {
			t.Errorf("%d attempts for %d mails", got, 1+each)
		}
	}
	for _, nobody := range nobodies {
		awaitInbox(t, shop, nobody, 2)
		// One attempt for each mail, and at most one more in each minute.
		if got, most := post.triedFor(nobody.Email), 2*(2+int(time.Since(began)/time.Minute)); got < 2 || got > most {
			t.Errorf("%d attempts, at most %d are needed", got, most)
		}
	}
	var letters struct{ Items []struct{ Reason string } }
	shop.Must(t, client.Request{Method: "GET", Path: "/backoffice/dead-letters", As: staff}, http.StatusOK, &letters)
	if len(letters.Items) != 0 {
		t.Errorf("got %+v, although mails are tried for days", letters)
	}
}

// inboxGoesOn stops the mail server. Mails arrive when it is back, and nobody has to help.
func inboxGoesOn(t *testing.T, shop *client.Shop, post *mailServer, product client.Product) {
	post.closed.Store(true)
	defer post.closed.Store(false)
	const orders = 20 - 1 // what one address may get in an hour, with the welcome
	customer := shop.SignUp(t)
	for range orders {
		shop.PlaceOrder(t, customer, product.ID, 1)
	}
	awaitInbox(t, shop, customer, 1+orders)
	if got := len(post.to(customer.Email)); got != 0 {
		t.Fatalf("%d mails were sent", got)
	}
	post.closed.Store(false)
	system.Eventually(t, "all mails are sent", func() error {
		if got := len(post.to(customer.Email)); got != 1+orders {
			return fmt.Errorf("%d are", got)
		}
		return nil
	})
}

// awaitInbox waits until a user has so many notifications.
func awaitInbox(t *testing.T, shop *client.Shop, user client.User, want int) {
	t.Helper()
	system.Eventually(t, "the inbox has all notifications", func() error {
		var inbox struct{ Items []struct{ Kind string } }
		shop.Must(t, client.Request{Method: "GET", Path: "/notifications?limit=100", As: user}, http.StatusOK, &inbox)
		if len(inbox.Items) != want {
			return fmt.Errorf("got %+v", inbox.Items)
		}
		return nil
	})
}

// shippedSoon gives an order two seconds to be shipped.
func shippedSoon(t *testing.T, shop *client.Shop, customer client.User, id string) error {
	status := ""
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if status = shop.Order(t, customer, id).Status; status == "shipped" {
			return nil
		}
	}
	return fmt.Errorf("it is %s", status)
}
