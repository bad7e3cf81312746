package handlers

import (
	"net/url"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// orders are the orders of the visitor.
type orders struct{ *Site }

func orderPages(s *Site) []entry {
	h := orders{s}
	return []entry{
		page("/orders", signedIn(), h.list),
		page("/orders/{id}", signedIn(), h.order),
		page("/orders/{id}/live", signedIn(), h.live),
		page("/orders/{id}/cancel", signedIn(), h.cancelPage),
		post("/orders/{id}/cancel", signedIn(), h.cancel),
		page("/orders/{id}/again", signedIn(), h.againPage),
		post("/orders/{id}/again", signedIn(), unlessAgain(h.againPage, h.again)),
	}
}

func (h orders) list(v *visit) error {
	found, err := h.api.MyOrders(v.ctx(), v.query("cursor"))
	if err != nil {
		return err
	}
	return v.show("shop/orders", listing[api.Order]{List: found, More: v.more(found.Next)})
}

func (h orders) order(v *visit) error {
	found, err := h.api.Order(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show("shop/order", found)
}

// live follows an order. In that part of the page, nothing can have the focus that goes away later.
func (h orders) live(v *visit) error {
	return live(v, h.api.WatchOrder(v.ctx(), v.part("id")), "shop/order", "order-state")
}

// cancelView is an order, and why it was not cancelled.
type cancelView struct {
	api.Order
	Form *view.Form
}

func (h orders) cancelPage(v *visit) error {
	found, err := h.api.Order(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show("shop/cancel", cancelView{found, view.NewForm(nil)})
}

func (h orders) cancel(v *visit) error {
	id := v.part("id")
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Again {
		return h.cancelPage(v)
	}
	order, err := h.api.CancelOrder(v.ctx(), id)
	switch {
	case err == nil && order.Status == "cancelled":
		return v.redirect("/orders/"+order.ID, "shop.done.cancelled")
	case err == nil:
		return v.redirect("/orders/"+order.ID, "shop.done.cancelling")
	}
	found, missing := h.api.Order(v.ctx(), id)
	if missing != nil || errs.Is(err, errs.NotFound) {
		return absent(err)
	}
	return v.again("shop/cancel", form, cancelView{found, form}, err)
}

// againPage is where a reload leads after a form that was not carried out.
func (h orders) againPage(v *visit) error {
	return v.redirect("/orders/"+url.PathEscape(v.part("id")), "")
}

// again puts what was ordered into the cart, once: of a product that is there already, the larger quantity counts.
func (h orders) again(v *visit) error {
	found, err := h.api.Order(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	var wanted domain.Cart
	for _, line := range found.Items {
		wanted.Items = append(wanted.Items, domain.CartItem{ProductID: line.ProductID, Quantity: line.Quantity})
	}
	if err := v.changeCart(func(cart *domain.Cart) error { cart.Merge(wanted); return nil }); err != nil {
		return err
	}
	return v.redirect("/cart", "shop.done.again")
}
