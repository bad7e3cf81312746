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
	t.Parallel()
	redis := servers.Redis(t)
	post := startMailServer(t)
	// Secrets of .stoa/secrets.json reach the sidecars as well as those that the operator's environment has instead, which are
	// the user and the password.
	redis.Secrets["SMTP_PORT"] = post.port
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Base, o.Secrets = "server", redis.Secrets })
	shop.MailsTo = func(address string) (bodies []string) {
		for _, mail := range post.to(address) {
			bodies = append(bodies, mail.body)
		}
		return bodies
	}
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 100)

	t.Run("an order needs a verified address", func(t *testing.T) { addressIsVerified(t, shop, post, product) })
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

// addressIsVerified signs up, and orders before and after the address is verified.
func addressIsVerified(t *testing.T, shop *client.Shop, post *mailServer, product client.Product) {
	customer := shop.SignUpOnly(t)
	order := client.OrderBy(customer, product.ID, 1)
	shop.Try(t, order).Expect(t, http.StatusForbidden, "address_not_verified")
	code := shop.Code(t, customer.Email)
	wrong := shop.Must(t, client.VerificationOf(customer, "00000000"), http.StatusUnprocessableEntity, nil)
	if mails := post.to(customer.Email); wrong.Field() != "code" || len(mails) != 1 || strings.Contains(mails[0].body, "Clara") {
		t.Errorf("got %s after %+v", wrong, mails)
	}
	shop.Must(t, client.VerificationOf(customer, code), http.StatusNoContent, nil)
	placed := must.Get(shop.Insist(t.Context(), order))(t)
	shop.AwaitOrder(t, customer, placed.ID, "confirmed")
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
		system.Eventually(t, "the code, the welcome and both mails about the order are there", func() error {
			if got := len(post.to(customer.Email)); got != 4 {
				return fmt.Errorf("%d are", got)
			}
			return nil
		})
		welcomes := 0
		for _, mail := range post.to(customer.Email) {
			about := orders[i].ID
			switch {
			case strings.HasPrefix(mail.subject, "Please verify"):
				about = "Your code is"
			case strings.HasPrefix(mail.subject, "Welcome"):
				about = "your account is ready"
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

// refusedAddressesAreParked has a mail server refuse the codes of sixteen customers. Each costs it one attempt, and the mails of
// others are sent at their first. Speed is a matter of counts here: a mail that waits for another would be tried later.
func refusedAddressesAreParked(t *testing.T, shop *client.Shop, post *mailServer) {
	const bad, good, each = 16, 8, 15
	staff, began := shop.SignIn(t, "staff"), time.Now()
	product := shop.NewProduct(t, staff, good*each)
	nobodies, customers := make([]client.User, bad), make([]client.User, good)
	for i := range nobodies {
		up := client.SignUpOf(fmt.Sprintf("%s%d-%s@example.com", stranger, i, product.ID), client.Password)
		nobodies[i] = shop.Must(t, up, http.StatusCreated, nil).User(t)
	}
	for i := range customers {
		customers[i] = shop.SignUp(t)
	}
	system.AtOnce(good, func(i int) {
		for range each {
			shop.PlaceOrder(t, customers[i], product.ID, 1)
		}
	})
	for _, customer := range customers {
		system.Eventually(t, "all mails are there", func() error {
			if got := len(post.to(customer.Email)); got != 2+each {
				return fmt.Errorf("%d are", got)
			}
			return nil
		})
		if got := post.triedFor(customer.Email); got != 2+each {
			t.Errorf("%d attempts for %d mails", got, 2+each)
		}
	}
	for _, nobody := range nobodies {
		awaitInbox(t, shop, nobody, 1)
		// One attempt, and at most one more in each minute.
		if got, most := post.triedFor(nobody.Email), 2+int(time.Since(began)/time.Minute); got < 1 || got > most {
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
	const before = 2           // the code and the welcome
	const orders = 20 - before // what one address may get in an hour
	customer := shop.SignUp(t)
	sent := func(want int) func() error {
		return func() error {
			if got := len(post.to(customer.Email)); got != want {
				return fmt.Errorf("%d are", got)
			}
			return nil
		}
	}
	system.Eventually(t, "the first mails are sent", sent(before))
	post.closed.Store(true)
	defer post.closed.Store(false)
	for range orders {
		shop.PlaceOrder(t, customer, product.ID, 1)
	}
	awaitInbox(t, shop, customer, 2+orders) // that there is an account, and that its address is verified
	must.Do(t, sent(before)())
	post.closed.Store(false)
	system.Eventually(t, "all mails are sent", sent(before+orders))
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
