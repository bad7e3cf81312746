package handlers

import (
	"context"
	"net/url"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
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

// productsView is the catalogue, or what of it was found.
type productsView struct {
	listing[api.Product]
	Form *view.Form // of the search
}

func (h shop) products(v *visit) error {
	q := v.query(queryField)
	shown := productsView{listing[api.Product]{Q: q}, view.NewForm(url.Values{queryField: {q}}, queryField)}
	found, err := h.api.Products(v.ctx(), q, v.query("cursor"), "")
	if errs.Is(err, errs.Invalid) {
		return v.again("shop/products", shown.Form, shown, err)
	}
	if err != nil {
		return err
	}
	shown.List, shown.More = found, v.more(found.Next)
	return v.show("shop/products", shown)
}

// productView is a product, with the form that puts it into the cart.
type productView struct {
	api.Product
	Form *view.Form
}

func (h shop) product(v *visit) error {
	found, err := h.api.Product(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show("shop/product", productView{found, view.NewForm(url.Values{quantityField: {"1"}}, quantityField)})
}
