package handlers

import (
	"stoa/pkg/common/errs"
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

// live follows an order. Nothing in that part of the page can have the focus.
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
