package handlers

import (
	"net/url"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// customers is how staff find the orders of a customer.
type customers struct{ *Site }

func customerPages(s *Site) []entry {
	h := customers{s}
	return []entry{
		page("/staff/customers", forStaff, h.find),
		page("/staff/orders/{id}", forStaff, h.order),
	}
}

// foundOrders are the orders of a customer.
type foundOrders struct {
	Form *view.Form
	// Asked says that somebody was searched for.
	Asked bool
	List  api.List[api.StaffOrder]
	More  string
}

// find finds an order by its number, and the orders of a customer by address.
func (h customers) find(v *visit) error {
	q, account := strings.TrimSpace(v.query("q")), v.query("account")
	if number := strings.ToLower(q); ids.Valid(number) {
		return v.redirect("/staff/orders/"+number, "")
	}
	shown := foundOrders{Form: view.NewForm(url.Values{"q": {q}}, "q")}
	if q == "" && account == "" {
		return v.show("staff/customers", shown)
	}
	if q != "" && !strings.Contains(q, "@") {
		return h.neither(v, shown)
	}
	found, err := h.api.OrdersOf(v.ctx(), q, account, v.query("cursor"))
	switch {
	case errs.Is(err, errs.NotFound): // nobody has this address
	case errs.Is(err, errs.Invalid):
		return h.neither(v, shown)
	case err != nil:
		return v.again("staff/customers", shown.Form, shown, err)
	}
	shown.Asked, shown.List, shown.More = true, found, v.more(found.Next)
	return v.show("staff/customers", shown)
}

// neither says that what was typed is neither a number nor an address.
func (h customers) neither(v *visit, shown foundOrders) error {
	shown.Form.Refuse("q", v.view(nil).T("staff.neither-number-nor-address"))
	return v.answer(errs.Invalid.HTTPStatus(), "staff/customers", shown)
}

// staffOrder is the order of any customer.
type staffOrder struct {
	api.StaffOrder
	// Name is that of the customer, "" if it is not known.
	Name string
}

// order shows the order of any customer.
func (h customers) order(v *visit) error {
	found, err := h.api.AnyOrder(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show("staff/order", staffOrder{found, v.named(found.CustomerID)[found.CustomerID]})
}
