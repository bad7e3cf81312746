package handlers

import (
	"fmt"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// checkout is where a cart becomes an order. Its form has all that is ordered: the key of the cart, and the lines and prices as they were
// shown. So whatever is sent twice, late, or from another tab is the same order, or none.
type checkout struct{ *Site }

func checkoutPages(s *Site) []entry {
	h := checkout{s}
	return []entry{
		page("/checkout", signedIn(), h.page),
		post("/checkout", signedIn(), h.order),
	}
}

// The fields of the form: the key of the cart, and one value for each line.
const cartKeyField, lineField = "key", "line"

// checkoutView is a cart that is to be ordered.
type checkoutView struct {
	cartView
	// Note is the key of a text that says why nothing was ordered. Where there is none, the form says it.
	Note string
}

// Sent returns the value of a line in the form.
func (checkoutView) Sent(l cartLine) string {
	return fmt.Sprint(l.ID, " ", l.Quantity, " ", l.Price.Amount, " ", l.Price.Currency)
}

func (h checkout) page(v *visit) error {
	cart, err := h.cartView(v)
	if err != nil {
		return err
	}
	return v.show("shop/checkout", checkoutView{cartView: cart})
}

func (h checkout) order(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Again {
		return h.page(v)
	}
	key, lines, err := sentOrder(form)
	if err != nil {
		return h.refuse(v, form, "", err)
	}
	order, err := h.api.PlaceOrder(v.ctx(), key, lines)
	if err != nil {
		return h.refuse(v, form, h.note(v, key, err), err)
	}
	if err := takeOut(v, key, lines); err != nil {
		web.NoteError(v.ctx(), err) // the cart keeps its key: if it is sent again, it is this order
	}
	return v.redirect("/orders/"+order.ID, "shop.done.ordered")
}

// sentOrder reads the form.
func sentOrder(form *view.Form) (key string, lines []api.Wanted, err error) {
	key = form.Get(cartKeyField)
	for _, text := range form.Values[lineField] {
		var line api.Wanted
		_, wrong := fmt.Sscanf(text, "%s %d %d %s", &line.ProductID, &line.Quantity, &line.UnitPrice.Amount, &line.UnitPrice.Currency)
		if wrong != nil || !ids.Valid(line.ProductID) {
			return "", nil, errs.InvalidField(lineField, "cannot be read")
		}
		lines = append(lines, line)
	}
	if !ids.Valid(key) || len(lines) == 0 {
		return "", nil, errs.New(errs.Invalid, "nothing was ordered")
	}
	return key, lines, nil
}

// takeOut takes what was ordered out of the cart.
func takeOut(v *visit, key string, lines []api.Wanted) error {
	ordered, next := make([]domain.CartItem, len(lines)), ids.New()
	for i, line := range lines {
		ordered[i] = domain.CartItem{ProductID: line.ProductID, Quantity: line.Quantity}
	}
	return v.changeCart(func(cart *domain.Cart) error { cart.Ordered(key, ordered, next); return nil })
}

// note returns the key of the text for an order that was not placed, "" where the error says enough.
func (h checkout) note(v *visit, key string, err error) string {
	switch e := errs.From(err); {
	case e.Kind == errs.KeyReused:
		// The cart was ordered, and changed before it could be emptied. Its customer decides whether to order what is in it.
		if err := takeOut(v, key, nil); err != nil {
			return ""
		}
		return "shop.ordered-before"
	case e.Kind == errs.Conflict && len(e.Fields) > 0 && strings.HasSuffix(e.Fields[0].Name, ".unitPrice"):
		return "shop.price-changed"
	case e.Kind == errs.Unavailable:
		return "shop.order-unsure"
	}
	return ""
}

// refuse shows the cart again, as it is now, and why it was not ordered.
func (h checkout) refuse(v *visit, form *view.Form, note string, err error) error {
	cart, missing := h.cartView(v)
	if missing != nil {
		return missing
	}
	cart.Form = form
	return v.again("shop/checkout", form, checkoutView{cart, note}, err)
}
