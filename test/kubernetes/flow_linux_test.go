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

// The gateway serves its pages.
func TestGateway_servesPages(t *testing.T) {
	gateway := strings.TrimPrefix(shared.shop.URL, "http://")
	if status, page := shared.ask(t, gateway, "/docs"); status != http.StatusOK || !strings.Contains(page, "<html") {
		t.Errorf("got %d %.200s", status, page)
	}
	if status, _ := shared.ask(t, gateway, "/api/v1/products"); status != http.StatusUnauthorized {
		t.Errorf("without an API key: %d", status)
	}
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
