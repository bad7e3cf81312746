package handlers

import (
	"context"

	"stoa/services/web/internal/providers/api"
)

// shop is what customers see.
type shop struct{ *Site }

func shopPages(s *Site) []entry {
	h := shop{s}
	return []entry{
		shared("/", h.front),
		shared("/products", h.products),
		shared("/products/{id}", h.product),
	}
}

// What the first page shows of shop and blog.
const newProducts, latestPosts = "8", "3"

func (h shop) front(v *visit) error {
	l := &loading{visit: v}
	products := load(l, func(ctx context.Context) (api.List[api.Product], error) {
		return h.api.Products(ctx, "", "", newProducts)
	})
	posts := load(l, func(ctx context.Context) (api.List[api.PostItem], error) {
		return h.api.Posts(ctx, "", "", latestPosts)
	})
	l.wait()
	return v.show("front/index", struct {
		Products *part[api.List[api.Product]]
		Posts    *part[api.List[api.PostItem]]
	}{products, posts})
}

// listing is what a page with a list and a search shows.
type listing[T any] struct {
	Q    string
	List api.List[T]
	More string // the address of the next page
}

func (h shop) products(v *visit) error {
	q := v.query("q")
	found, err := h.api.Products(v.ctx(), q, v.query("cursor"), "")
	if err != nil {
		return err
	}
	return v.show("shop/products", listing[api.Product]{q, found, v.more(found.Next)})
}

func (h shop) product(v *visit) error {
	found, err := h.api.Product(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show("shop/product", found)
}
