// Package compose runs the containers of docker-compose.yml, as they are, kills some of them while orders are placed, and
// then counts. `make compose-test` builds the images and finds a Docker daemon before.
package compose

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

const (
	orders    = 60
	killEvery = 10
	buys      = 15 // orders of one customer, who gets a mail about each, and not more than 20 in an hour
)

// victims are killed one after the other: an app, a sidecar, the broker, and what serves the customer right now.
var victims = []string{"order-worker", "inventory-worker-sidecar", "broker", "order-api", "order-worker-sidecar"}

func TestContainers_loseNothing(t *testing.T) {
	p := up(t)
	p.awaitHealthy(t)
	t.Run("hardened", p.checkHardened)
	shop := p.shop(t)
	staff, customers := shop.SignIn(t, "staff"), make([]client.User, orders/buys)
	for i := range customers {
		customers[i] = shop.SignUp(t)
	}
	product := shop.NewProduct(t, staff, 2*orders)
	shop.Browser(t).Buy(t, shop.SignUp(t), shop.NewProduct(t, staff, 5), 2)

	var accepted []string
	for n := range orders {
		if n%killEvery == killEvery/2 && n/killEvery < len(victims) {
			p.crash(t, victims[n/killEvery])
		}
		order := client.OrderBy(customers[n/buys], product.ID, 1)
		order.Key = fmt.Sprintf("order-%d", n)
		accepted = append(accepted, must.Get(shop.Insist(t.Context(), order))(t).ID)
	}
	for n, id := range accepted {
		shop.AwaitOrder(t, customers[n/buys], id, "confirmed")
	}
	shop.AwaitStock(t, product.ID, client.Product{Stock: product.Stock, Available: product.Stock - orders, Reserved: orders})
	system.Eventually(t, "every mail is there", func() error { return missingMails(p.mails(t), accepted) })
	p.awaitHealthy(t)
	t.Run("scraped", p.checkScraped)
}

// The images of the overlays are not ours and are not pulled here, but what they say has to make sense to Compose.
func TestOverlays_areUnderstood(t *testing.T) {
	root := system.Root(t)
	overlays, err := filepath.Glob(filepath.Join(root, "deploy", "compose", "*.yml"))
	if err != nil || len(overlays) == 0 {
		t.Fatalf("no overlays: %v", err)
	}
	for _, overlay := range overlays {
		p := &project{name: "stoa-test-overlays", root: root, files: []string{overlay}}
		if _, err := p.compose("config", "--quiet"); err != nil {
			t.Error(err)
		}
	}
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
