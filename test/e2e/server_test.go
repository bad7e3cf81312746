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
	shop.MailsTo = func(address string) (bodies []string) {
		for _, mail := range post.to(address) {
			bodies = append(bodies, mail.body)
		}
		return bodies
	}
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 100)

	t.Run("an order needs a verified address", func(t *testing.T) { addressIsVerified(t, shop, post, product) })
	t.Run("each mail reaches the one whom it is for", func(t *testing.T) { mailsArrive(t, shop, post, product) })
	t.Run("an address that does not exist is set aside", func(t *testing.T) { strangerIsSetAside(t, shop) })
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

// strangerIsSetAside sees to it that a customer whom the mail server does not know becomes a dead letter, and cannot order.
func strangerIsSetAside(t *testing.T, shop *client.Shop) {
	staff := shop.SignIn(t, "staff")
	product := shop.NewProduct(t, staff, 1)
	nobody := shop.Must(t, client.SignUpOf(stranger+product.ID+"@example.com", client.Password), http.StatusCreated, nil).User(t)
	shop.Try(t, client.OrderBy(nobody, product.ID, 1)).Expect(t, http.StatusForbidden, "address_not_verified")
	system.Eventually(t, "the dead letter of the code is there", func() error {
		var letters struct {
			Items []struct{ Consumer, Reason string }
		}
		shop.Must(t, client.Request{Method: "GET", Path: "/backoffice/dead-letters", As: staff}, http.StatusOK, &letters)
		if len(letters.Items) != 1 || !strings.Contains(letters.Items[0].Reason, "does not exist") {
			return fmt.Errorf("got %+v", letters.Items)
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
