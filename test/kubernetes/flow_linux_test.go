package kubernetes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/test/client"
	"stoa/test/system"
)

// The gateway serves its own pages, and those of the shop and the blog: a guest fills a cart, signs in and orders.
func TestPages_areServed(t *testing.T) {
	gateway := strings.TrimPrefix(shared.shop.URL, "http://")
	if status, page := shared.ask(t, gateway, "/docs"); status != http.StatusOK || !strings.Contains(page, "<html") {
		t.Errorf("got %d %.200s", status, page)
	}
	if status, _ := shared.ask(t, gateway, "/api/v1/products"); status != http.StatusUnauthorized {
		t.Errorf("without an API key: %d", status)
	}
	shop := shared.shop
	product, customer := shop.NewProduct(t, shop.SignIn(t, "staff"), 5), shop.SignUp(t)
	browser := shop.Browser(t)
	for _, path := range []string{"/", "/products", "/blog", "/products/" + product.ID} {
		if page := browser.Get(t, path); page.Status != http.StatusOK || !strings.Contains(string(page.Body), "<h1") {
			t.Errorf("%s: got %s", path, page)
		}
	}
	order := browser.Buy(t, customer, product, 2)
	shop.AwaitOrder(t, customer, order, "confirmed")
}

// An order goes its way through all services, and the blog's events through theirs.
func TestShop_ordersArePlacedAndShipped(t *testing.T) {
	shop := shared.shop
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)
	product := shop.NewProduct(t, staff, 10)
	order := shop.PlaceOrder(t, customer, product.ID, 2)
	shop.AwaitOrder(t, customer, order.ID, "confirmed")
	shop.AwaitStock(t, product.ID, client.Product{Stock: 10, Available: 8, Reserved: 2})
	shop.Fulfil(t, staff, order.ID, "ship")
	shop.AwaitOrder(t, customer, order.ID, "shipped")
	shop.Fulfil(t, staff, order.ID, "deliver")
	shop.AwaitOrder(t, customer, order.ID, "delivered")
	shop.AwaitStock(t, product.ID, client.Product{Stock: 8, Available: 8, Sold: 2})
	shop.ExpectOneOrder(t, 8)
}

func TestBlog_postsAreWrittenReadAndTold(t *testing.T) {
	shop := shared.shop
	author, reader := shop.SignIn(t, "author"), shop.SignUp(t)
	editor := shop.KnownEditor(t, author)
	post := shop.NewPost(t, author, editor)
	shop.Must(t, client.PostBySlug(post.Slug), http.StatusOK, nil)
	if page := shop.Browser(t).Get(t, "/blog/"+post.Slug); page.Status != http.StatusOK || !strings.Contains(string(page.Body), "<h1") {
		t.Errorf("its page: got %s", page)
	}
	shop.Must(t, client.CommentOn(post.ID, reader, "We count three times."), http.StatusCreated, nil)
	system.Eventually(t, "the author is told of the comment", func() error {
		answer, err := shop.Do(t.Context(), client.Request{Method: "GET", Path: "/notifications", As: author})
		if err != nil {
			return err
		}
		var inbox client.PageOf[client.Notice]
		if err := json.Unmarshal(answer.Body, &inbox); err != nil {
			return err
		}
		for _, notice := range inbox.Items {
			if notice.PostID == post.ID && notice.Kind == "comment-added" {
				return nil
			}
		}
		return fmt.Errorf("got %s", answer)
	})
	system.Eventually(t, "the post is found", func() error {
		answer, err := shop.Do(t.Context(), client.Request{Method: "GET", Path: "/blog/search?q=counting"})
		var found client.PageOf[client.Post]
		if err == nil {
			err = json.Unmarshal(answer.Body, &found)
		}
		if err == nil && len(found.Items) == 0 {
			err = fmt.Errorf("got %s", answer)
		}
		return err
	})
}
