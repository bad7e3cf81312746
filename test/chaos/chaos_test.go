// Package chaos kills every process of the system once while orders are placed, and then counts.
package chaos

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

const (
	orders    = 300
	customers = 10
	stock     = 200 // of the first product; the second has half of it, so that some orders are rejected
)

// Whatever dies while 300 orders are placed: every order that was accepted is confirmed or rejected within a minute and
// without hands, the stock adds up, and each customer gets each mail once.
func TestShop_losesNothingWhenEveryProcessIsKilled(t *testing.T) {
	// Each customer gets more mails than one address gets in an hour.
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Env = map[string]string{"MAILS_PER_HOUR": "0"} })
	staff := shop.SignIn(t, "staff")
	products := []client.Product{shop.NewProduct(t, staff, stock), shop.NewProduct(t, staff, stock/2)}
	var buyers []client.User
	for range customers {
		buyers = append(buyers, shop.SignUp(t))
	}

	var accepted []client.Placed
	var senderKills []time.Time
	victims := shop.Processes()
	perVictim := (orders + len(victims) - 1) / len(victims)
	for _, victim := range victims {
		taken := placeOrders(t, shop, buyers, products, len(accepted), perVictim)
		accepted = append(accepted, <-taken, <-taken) // work is under way
		must.Do(t, shop.Signal(victim.Name, os.Kill))
		if victim.App == "notification" {
			senderKills = append(senderKills, time.Now())
		}
		for order := range taken {
			accepted = append(accepted, order)
		}
		system.Eventually(t, victim.Name+" is back", func() error { return shop.Replaced(victim) })
	}
	over := time.Now()
	t.Logf("%d orders accepted while every process was killed", len(accepted))

	statuses := shop.Decided(t, accepted)
	t.Logf("all decided %s after the last kill: %d confirmed, %d rejected",
		time.Since(over).Round(time.Millisecond), statuses["confirmed"], statuses["rejected"])
	if statuses["confirmed"]+statuses["rejected"] != len(accepted) {
		t.Errorf("got %v for %d orders", statuses, len(accepted))
	}
	stockAddsUp(t, shop, products, accepted)
	mailsAreSentOnce(t, shop, accepted, senderKills)
}

// placeOrders places a number of orders, several at once, and tells of each that is taken. A customer who is refused tries
// again with the same key, as a good client does.
func placeOrders(t *testing.T, shop *client.Shop, buyers []client.User, products []client.Product, first, count int) <-chan client.Placed {
	var requests []client.Request
	for n := first; n < first+count; n++ {
		request := client.OrderBy(buyers[n%len(buyers)], products[n%len(products)].ID, 1)
		request.Key = fmt.Sprintf("order-%d", n)
		requests = append(requests, request)
	}
	return shop.InsistAll(t, requests)
}

// stockAddsUp compares what is reserved with what was confirmed.
func stockAddsUp(t *testing.T, shop *client.Shop, products []client.Product, accepted []client.Placed) {
	t.Helper()
	for _, product := range products {
		system.Eventually(t, "the stock of "+product.Name+" adds up", func() error {
			want := 0
			for _, o := range accepted {
				order := shop.Order(t, o.Customer, o.ID)
				if order.Status == "confirmed" && order.Items[0].ProductID == product.ID {
					want += order.Items[0].Quantity
				}
			}
			now := shop.Product(t, product.ID)
			if now.Reserved != want || now.Available+now.Reserved+now.Sold != product.Stock {
				return fmt.Errorf("got %+v, want %d reserved of %d", now, want, product.Stock)
			}
			return nil
		})
	}
}

// mailsAreSentOnce holds the mails that went out against the orders. The files tell that none is missing. A second copy
// replaces its file, so the log tells of those; the one window for them is a kill of the sender, or of its sidecar, between
// sending a mail and writing down that it was sent. A kill of the sidecar can also take the answer with it: the mail is there,
// its first attempt has failed, and the log tells only of the second.
func mailsAreSentOnce(t *testing.T, shop *client.Shop, accepted []client.Placed, kills []time.Time) {
	t.Helper()
	var mails []string
	for _, o := range accepted {
		kind := "order-" + shop.Order(t, o.Customer, o.ID).Status
		system.Eventually(t, "the mail "+kind+" is there", func() error {
			if kinds := shop.Mails(t, o.ID); len(kinds) != 1 || kinds[0] != kind {
				return fmt.Errorf("got %v", kinds)
			}
			return nil
		})
		mails = append(mails, kind+"-"+o.ID)
	}
	var sent map[string][]time.Time
	// After a kill of the sender, the next attempt waits until the lease of the first one ends.
	system.Within(t, 2*time.Minute, "the log tells of each mail", func() error {
		sent = sentMails(t, shop)
		for _, mail := range mails {
			if len(sent[mail]) == 0 {
				return fmt.Errorf("it does not tell of %s", mail)
			}
		}
		return nil
	})
	for mail, times := range sent {
		for i := 1; i < len(times); i++ {
			first, second := times[i-1], times[i]
			if !slices.ContainsFunc(kills, func(kill time.Time) bool { return !kill.Before(first) && kill.Before(second) }) {
				t.Errorf("the mail %s was sent at %s and again at %s, and nothing was killed in between", mail, first, second)
			}
			t.Logf("the mail %s was sent twice, since a kill came before it was marked", mail)
		}
	}
}

// sentMails reads from the log of notification when each mail was sent.
func sentMails(t *testing.T, shop *client.Shop) map[string][]time.Time {
	t.Helper()
	type line struct {
		Time          time.Time
		Message, Mail string
	}
	sent := map[string][]time.Time{}
	for _, line := range system.LogLines[line](t, shop.Dir(), "notification") {
		if line.Message == "mail sent" {
			sent[line.Mail] = append(sent[line.Mail], line.Time)
		}
	}
	return sent
}
