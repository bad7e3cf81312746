package upgrade

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/test/client"
	"stoa/test/system"
)

// stock is what there is of the product: more than anyone orders, so that every order is confirmed.
const stock = 100_000

// books are what people have done so far, whatever build they did it on.
type books struct {
	staff, customer, author, editor client.User
	product                         client.Product
	orders                          []client.Placed
	shipped                         []string
	published                       []client.Post
	submitted                       []client.Post // that wait for the editor
}

// signIn signs everyone in again: a build may have been away for longer than a token is valid.
func (b *books) signIn(t *testing.T, shop *client.Shop) {
	t.Helper()
	b.staff, b.author, b.editor = shop.SignIn(t, "staff"), shop.SignIn(t, "author"), shop.SignIn(t, "editor")
	if b.customer.ID == "" {
		b.customer = shop.SignUp(t)
		b.product = shop.NewProduct(t, b.staff, stock)
		return
	}
	b.customer = shop.SignInAs(t, b.customer.Email, client.Password)
	for i := range b.orders {
		b.orders[i].Customer = b.customer
	}
}

// order places orders of one piece each.
func (b *books) order(t *testing.T, shop *client.Shop, count int) {
	t.Helper()
	for range count {
		order := shop.PlaceOrder(t, b.customer, b.product.ID, 1)
		b.orders = append(b.orders, client.Placed{Customer: b.customer, ID: order.ID})
	}
}

// orderAtKnownPrice places orders of one piece each, as long as the shop knows the price and need not ask for it; it tells how many.
func (b *books) orderAtKnownPrice(t *testing.T, shop *client.Shop, count int) int {
	t.Helper()
	for n := range count {
		answer := shop.Try(t, client.OrderBy(b.customer, b.product.ID, 1))
		if answer.Status != http.StatusCreated {
			return n
		}
		var order client.Order
		answer.Read(t, &order)
		b.orders = append(b.orders, client.Placed{Customer: b.customer, ID: order.ID})
	}
	return count
}

// ship ships the first confirmed order that is not shipped yet.
func (b *books) ship(t *testing.T, shop *client.Shop) {
	t.Helper()
	id := b.orders[len(b.shipped)].ID
	shop.Fulfil(t, b.staff, id, "ship")
	b.shipped = append(b.shipped, id)
	shop.AwaitOrder(t, b.customer, id, "shipped")
}

// submit has the author write a post.
func (b *books) submit(t *testing.T, shop *client.Shop) {
	t.Helper()
	var post client.Post
	shop.Must(t, client.DraftBy(b.author), http.StatusCreated, &post)
	shop.Must(t, client.ActOn(post.ID, "author/submit", b.author), http.StatusOK, nil)
	b.submitted = append(b.submitted, post)
}

// publish publishes what waits for the editor, whoever has submitted it, and has a customer comment on it.
func (b *books) publish(t *testing.T, shop *client.Shop) {
	t.Helper()
	for _, post := range b.submitted {
		shop.Must(t, client.ActOn(post.ID, "editor/publish", b.editor), http.StatusOK, &post)
		shop.Must(t, client.CommentOn(post.ID, b.customer, "Thank you."), http.StatusCreated, nil)
		b.published = append(b.published, post)
	}
	b.submitted = nil
}

// balance expects that all that was begun is finished, that the stock is what the orders say, and that everything can be read.
func (b *books) balance(t *testing.T, h *home, shop *client.Shop) {
	t.Helper()
	statuses := shop.Decided(t, b.orders)
	if statuses["confirmed"]+statuses["shipped"] != len(b.orders) || statuses["shipped"] != len(b.shipped) {
		t.Errorf("got %v for %d orders, %d of them shipped", statuses, len(b.orders), len(b.shipped))
	}
	open := len(b.orders) - len(b.shipped)
	shop.AwaitStock(t, b.product.ID, client.Product{
		Stock: stock - len(b.shipped), Available: stock - len(b.orders), Reserved: open, Sold: len(b.shipped),
	})
	if listed := shop.Orders(t, b.customer); len(listed) != len(b.orders) {
		t.Errorf("%d orders are listed, want %d", len(listed), len(b.orders))
	}
	for _, order := range b.orders {
		want := []string{"order-confirmed"}
		if slices.Contains(b.shipped, order.ID) {
			want = append(want, "order-shipped")
		}
		system.Eventually(t, "the mails about the order "+order.ID+" are there", func() error {
			if got := h.mails(t, order.ID); !slices.Equal(got, want) {
				return fmt.Errorf("got %v, want %v", got, want)
			}
			return nil
		})
	}
	b.postsAreThere(t, shop)
}

// postsAreThere reads what was published, and waits until the editor was told of what was submitted.
func (b *books) postsAreThere(t *testing.T, shop *client.Shop) {
	t.Helper()
	for _, post := range b.published {
		var read client.Post
		shop.Must(t, client.PostBySlug(post.Slug), http.StatusOK, &read)
		if !strings.Contains(read.HTML, "<strong>once</strong>") {
			t.Errorf("the post %s is %+v", post.ID, read)
		}
	}
	for _, post := range b.submitted {
		system.Eventually(t, "the editor is told of the post "+post.ID, func() error {
			for _, notice := range client.All[client.Notice](t, shop, "/notifications", b.editor) {
				if notice.PostID == post.ID {
					return nil
				}
			}
			return fmt.Errorf("no notice")
		})
	}
}
