package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/test/client"
	"stoa/test/system"
)

// A longer storm, or one again: go test ./test/chaos -run Storm -v -args -storm 2m -seed 7
var (
	stormTime = flag.Duration("storm", 10*time.Second, "how long TestStorm kills and freezes processes")
	stormPace = flag.Duration("pace", 0, "how long each customer of TestStorm waits between two orders; with 0, orders pile up faster than they are decided")
	stormSeed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "what TestStorm kills and freezes, and when, follows from this number")
)

// buyers is how many customers order at once in a storm.
const buyers = 6

// While processes are killed and frozen at random, several at a time, customers order. Afterwards the books balance: each
// order that was taken is decided, and the stock is what the orders say.
func TestStorm_leavesTheBooksBalanced(t *testing.T) {
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Env["OPEN_PIECES"] = "0" })
	staff := shop.SignIn(t, "staff")
	products := []client.Product{shop.NewProduct(t, staff, 100_000), shop.NewProduct(t, staff, 100)}
	ctx, over := context.WithCancel(t.Context())
	accepted := orderOn(ctx, t, shop, products)
	last := storm(t, shop)
	over()
	orders := accepted()
	statuses := shop.Decided(t, orders)
	if statuses["confirmed"]+statuses["rejected"] != len(orders) {
		t.Errorf("got %v for %d orders", statuses, len(orders))
	}
	var decided time.Time
	reserved := map[string]int{}
	for _, o := range orders {
		order := shop.Order(t, o.Customer, o.ID)
		if order.Status == "confirmed" {
			reserved[order.Items[0].ProductID] += order.Items[0].Quantity
		}
		if order.UpdatedAt.After(decided) {
			decided = order.UpdatedAt
		}
	}
	t.Logf("%d orders were taken: %v; the last was decided %s after the last fault", len(orders), statuses, decided.Sub(last).Round(time.Millisecond))
	for _, product := range products {
		shop.AwaitStock(t, product.ID, client.Product{
			Stock: product.Stock, Reserved: reserved[product.ID], Available: product.Stock - reserved[product.ID],
		})
	}
}

// orderOn has customers order until ctx ends. The result waits for their last orders, and returns all that were taken.
func orderOn(ctx context.Context, t *testing.T, shop *client.Shop, products []client.Product) (accepted func() []client.Placed) {
	t.Helper()
	var all sync.WaitGroup
	taken := make([][]client.Placed, buyers)
	for buyer := range buyers {
		customer := shop.SignUp(t)
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				request := client.OrderBy(customer, products[n%len(products)].ID, 1)
				request.Key = fmt.Sprint("storm-", n)
				order, err := shop.Insist(t.Context(), request)
				if err != nil {
					t.Errorf("an order of buyer %d: %v", buyer, err)
					return
				}
				taken[buyer] = append(taken[buyer], order)
				time.Sleep(*stormPace)
			}
		})
	}
	return func() (orders []client.Placed) {
		all.Wait()
		for _, some := range taken {
			orders = append(orders, some...)
		}
		return orders
	}
}

// storm kills and freezes processes at random, for a while, and returns when the last fault was over.
func storm(t *testing.T, shop *client.Shop) (last time.Time) {
	t.Helper()
	t.Logf("the seed is %d", *stormSeed)
	random := rand.New(rand.NewPCG(*stormSeed, 0))
	processes := shop.Processes()
	var thaws sync.WaitGroup
	for end := time.Now().Add(*stormTime); time.Now().Before(end); time.Sleep(time.Duration(200+random.IntN(1300)) * time.Millisecond) {
		victim := processes[random.IntN(len(processes))].Name
		if random.IntN(2) == 0 {
			_ = shop.Signal(victim, os.Kill) // it may be dead already
			continue
		}
		frozen := time.Duration(500+random.IntN(4500)) * time.Millisecond
		if shop.Freeze(victim) != nil {
			continue
		}
		thaws.Go(func() {
			time.Sleep(frozen)
			_ = shop.Thaw(victim) // it may have been killed
		})
	}
	thaws.Wait()
	for _, p := range shop.Processes() {
		_ = shop.Thaw(p.Name)
	}
	last = time.Now()
	system.Eventually(t, "every process is ready", func() error {
		for _, p := range shop.Processes() {
			if p.State != "ready" {
				return fmt.Errorf("%s is %s: %s", p.Name, p.State, p.Problem)
			}
		}
		return nil
	})
	return last
}
