// Package compose runs the containers of docker-compose.yml, as they are, kills some of them while orders are placed, and
// then counts. `make compose-test` builds the images and finds a Docker daemon before.
package compose

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/test/client"
)

const (
	orders    = 60
	killEvery = 10
)

// victims are killed one after the other: an app, a sidecar, the broker, and what serves the customer right now.
var victims = []string{"order-worker", "inventory-worker-sidecar", "broker", "order-api", "order-worker-sidecar"}

func TestContainers_loseNothing(t *testing.T) {
	p := up(t)
	p.awaitHealthy(t)
	t.Run("hardened", p.checkHardened)
	shop := p.shop(t)
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)
	product := shop.NewProduct(t, staff, 2*orders)

	var accepted []string
	for n := range orders {
		if n%killEvery == killEvery/2 && n/killEvery < len(victims) {
			p.crash(t, victims[n/killEvery])
		}
		accepted = append(accepted, place(t, shop, customer, product.ID, n))
	}
	for _, id := range accepted {
		shop.AwaitOrder(t, customer, id, "confirmed")
	}
	client.Eventually(t, "the stock adds up", func() error {
		now := shop.Product(t, product.ID)
		if now.Reserved != orders || now.Available != product.Stock-orders {
			return fmt.Errorf("got %+v after %d orders", now, orders)
		}
		return nil
	})
	client.Eventually(t, "every mail is there", func() error { return missingMails(p.mails(t), accepted) })
	p.awaitHealthy(t)
}

// The images of the overlays are not ours and are not pulled here, but what they say has to make sense to Compose.
func TestOverlays_areUnderstood(t *testing.T) {
	p := &project{name: "stoa-test-overlays", root: client.Root(t)}
	overlays, err := filepath.Glob(filepath.Join(p.root, "deploy", "compose", "*.yml"))
	if err != nil || len(overlays) == 0 {
		t.Fatalf("no overlays: %v", err)
	}
	for _, overlay := range overlays {
		if _, err := p.compose("--file", "docker-compose.yml", "--file", overlay, "config", "--quiet"); err != nil {
			t.Error(err)
		}
	}
}

// place insists on an order, as a good client does: it sends it again under the same key while something is down.
func place(t *testing.T, shop *client.Shop, customer client.User, product string, n int) string {
	t.Helper()
	var order client.Order
	client.Eventually(t, fmt.Sprintf("order %d is taken", n), func() error {
		answer, err := shop.Do(t.Context(), client.Request{
			Method: "POST", Path: "/orders", As: customer, Key: fmt.Sprintf("order-%d", n), Body: client.OrderOf(product, 1),
		})
		if err != nil {
			return err
		}
		if answer.Status != http.StatusCreated {
			return errors.New(answer.String())
		}
		return json.Unmarshal(answer.Body, &order)
	})
	return order.ID
}

// missingMails names the first order that no mail is about.
func missingMails(mails, orders []string) error {
	for _, id := range orders {
		if !slices.ContainsFunc(mails, func(mail string) bool { return strings.HasSuffix(mail, "/order-confirmed-"+id+".eml") }) {
			return fmt.Errorf("no mail about %s among %d", id, len(mails))
		}
	}
	return nil
}
