package chaos

import (
	"fmt"
	"os"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/servers"
	"stoa/test/system"
)

const (
	followers  = 60 // three pages
	toldWithin = 2 * time.Minute
)

// While sixty followers are told of a post, blog, the broker and notification die, and then notification is away for a while:
// each inbox has it once, each mail is sent once, and orders placed meanwhile are confirmed.
func TestFollowers_areToldOnceWhateverDies(t *testing.T) {
	for bus, store := range map[string]string{"nats": "sqlite", "redis": "redis"} {
		t.Run(bus+" x "+store, func(t *testing.T) {
			if err := servers.Find("redis"); err != nil && bus == "redis" {
				t.Skipf("NOT TESTED: followers on Redis. %v", err)
			}
			followersAreToldOnce(t, client.Start(t, system.Folder(t), func(o *stack.Options) {
				o.Bus, o.Store, o.Env["MAILS_PER_HOUR"] = bus, store, "0"
			}))
		})
	}
}

func followersAreToldOnce(t *testing.T, shop *client.Shop) {
	t.Helper()
	admin, staff, editor := shop.SignIn(t, "admin"), shop.SignIn(t, "staff"), shop.SignIn(t, "editor")
	author, product := shop.NewAuthor(t, admin), shop.NewProduct(t, staff, stock)
	shop.NewPost(t, author, editor)
	readers := make([]client.User, followers)
	const atOnce = 4 // more would be asked to come later
	system.AtOnce(atOnce, func(first int) {
		for i := first; i < followers; i += atOnce {
			readers[i] = shop.SignUp(t)
			shop.Must(t, client.Following("PUT", "authors/"+author.ID, readers[i]), 200, nil)
			shop.Must(t, client.WantsMails(readers[i], "following", "at_once"), 200, nil)
		}
	})
	post := shop.NewPost(t, author, editor)
	var placed []client.Order
	for _, victim := range shop.Processes() {
		if victim.App != "blog" && victim.App != "notification" && victim.Kind != stack.KindBroker {
			continue
		}
		must.Do(t, shop.Signal(victim.Name, os.Kill))
		system.Eventually(t, victim.Name+" is back", func() error { return shop.Replaced(victim) })
		var order client.Order
		shop.Await(t, client.OrderBy(readers[0], product.ID, 1), 201).Read(t, &order)
		placed = append(placed, order)
	}
	must.Do(t, shop.Freeze("notification"))
	for range 3 { // orders do without it
		order := shop.PlaceOrder(t, readers[0], product.ID, 1)
		shop.AwaitOrder(t, readers[0], order.ID, "confirmed")
		placed = append(placed, order)
	}
	must.Do(t, shop.Thaw("notification"))

	system.Within(t, toldWithin, "each inbox has the post", func() error {
		for i, reader := range readers {
			n := 0
			for _, notice := range client.All[client.Notice](t, shop, "/notifications", reader) {
				if notice.PostID == post.ID && notice.Kind == client.Announced {
					n++
				}
			}
			if n > 1 {
				t.Fatalf("reader %d was told %d times", i, n)
			}
			if n == 0 {
				return fmt.Errorf("reader %d was not told", i)
			}
		}
		return nil
	})
	for _, reader := range readers {
		shop.AwaitNotice(t, reader, post.ID, client.Announced) // and mailed
	}
	for _, order := range placed {
		shop.AwaitOrder(t, readers[0], order.ID, "confirmed")
		shop.AwaitMail(t, order.ID, "order-confirmed")
	}
}
