package handlers

import (
	"context"
	"strconv"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// carts is the cart: of guests in their browser, of users in the store.
type carts struct{ *Site }

func cartPages(s *Site) []entry {
	h := carts{s}
	return []entry{
		post("/products/{id}", everyone, h.add),
		page("/cart", everyone, h.page),
		post("/cart", everyone, h.change),
	}
}

// The fields of the shop's forms.
const queryField, quantityField, productField = "q", "quantity", "product"

// add puts a product into the cart. That needs no service: the cart says what is not sold any more.
func (h carts) add(v *visit) error {
	id := v.part("id")
	form, err := v.form(quantityField)
	if err != nil {
		return err
	}
	if !ids.Valid(id) {
		return nothingHere(v)
	}
	quantity, err := quantityOf(v, form, 1)
	if err == nil {
		err = v.changeCart(func(cart *domain.Cart) error { return cart.Add(id, quantity) })
	}
	if err == nil {
		return v.redirect("/cart", "shop.done.added")
	}
	found, missing := h.api.Product(v.ctx(), id)
	if missing != nil {
		return absent(missing)
	}
	return v.again("shop/product", form, productView{found, form}, err)
}

// quantityOf returns the quantity that was typed.
func quantityOf(v *visit, form *view.Form, least int64) (int64, error) {
	quantity, err := strconv.ParseInt(strings.TrimSpace(form.Get(quantityField)), 10, 64)
	if err != nil || quantity < least || quantity > domain.MaxPieces {
		return 0, errs.InvalidField(quantityField, "%s", v.view(nil).T("shop.quantity-wrong", least, domain.MaxPieces))
	}
	return quantity, nil
}

func (h carts) page(v *visit) error {
	shown, err := h.cartView(v)
	if err != nil {
		return err
	}
	return v.show("shop/cart", shown)
}

// change changes how many pieces of a product are in the cart, 0 for none.
func (h carts) change(v *visit) error {
	form, err := v.form(quantityField)
	if err != nil {
		return err
	}
	cart, err := v.cart()
	if err != nil {
		return err
	}
	id := form.Get(productField)
	if !cart.Has(id) {
		return v.redirect("/cart", "shop.done.not-there")
	}
	quantity, err := quantityOf(v, form, 0)
	if err == nil {
		err = v.changeCart(func(cart *domain.Cart) error { cart.Set(id, quantity); return nil })
	}
	if err != nil {
		return h.refuse(v, form, err)
	}
	return v.redirect("/cart", "shop.done.changed")
}

// refuse shows the cart again, with what was typed.
func (h carts) refuse(v *visit, form *view.Form, err error) error {
	shown, missing := h.cartView(v)
	if missing != nil {
		return missing
	}
	shown.Form = form
	return v.again("shop/cart", form, shown, err)
}

// cartView is a cart, with what the catalogue says about its products.
type cartView struct {
	ID    string
	Lines []cartLine
	Total api.Money
	// Form is the one that was sent, if it was not carried out.
	Form *view.Form
}

// cartLine is a product in a cart.
type cartLine struct {
	api.Product // without a name if the catalogue has none, or does not answer
	Quantity    int64
	// Missing says that the catalogue does not answer, and Gone that the product is not sold any more.
	Missing, Gone bool
}

// Short reports whether fewer pieces are in stock.
func (l cartLine) Short() bool { return !l.Missing && !l.Gone && l.Available < l.Quantity }

// Typed returns a line with what its form shows: the quantity, or what was typed there and is wrong.
func (c cartView) Typed(l cartLine) typedLine {
	if wrong := c.Form.Wrong(quantityField); wrong != "" && c.Form.Get(productField) == l.ID {
		return typedLine{l, c.Form.Get(quantityField), wrong}
	}
	return typedLine{l, strconv.FormatInt(l.Quantity, 10), ""}
}

// typedLine is a line with the form that changes its quantity.
type typedLine struct {
	cartLine
	Typed, Wrong string
}

// Sum is the price of all pieces.
func (l cartLine) Sum() api.Money {
	return api.Money{Amount: l.Price.Amount * l.Quantity, Currency: l.Price.Currency}
}

// Missing reports whether something of the cart is not known right now.
func (c cartView) Missing() bool {
	for _, line := range c.Lines {
		if line.Missing {
			return true
		}
	}
	return false
}

// Mixed reports whether there are prices in several currencies. An order has one.
func (c cartView) Mixed() bool {
	for _, line := range c.Lines {
		if line.Price.Currency != "" && line.Price.Currency != c.Total.Currency {
			return true
		}
	}
	return false
}

// Orderable reports whether the cart can be ordered as it is.
func (c cartView) Orderable() bool {
	for _, line := range c.Lines {
		if line.Missing || line.Gone || line.Short() {
			return false
		}
	}
	return len(c.Lines) > 0 && !c.Mixed()
}

// cartView returns the visitor's cart. It asks for all its products at once.
func (s *Site) cartView(v *visit) (cartView, error) {
	cart, err := v.cart()
	if err != nil {
		return cartView{}, err
	}
	l := &loading{visit: v}
	products := make([]*part[api.Product], len(cart.Items))
	for i, item := range cart.Items {
		products[i] = load(l, func(ctx context.Context) (api.Product, error) {
			found, err := s.api.Product(ctx, item.ProductID)
			if errs.Is(err, errs.NotFound) {
				return api.Product{}, nil
			}
			return found, err
		})
	}
	l.wait()
	shown := cartView{ID: cart.ID, Form: view.NewForm(nil)}
	for i, item := range cart.Items {
		shown.add(item, products[i])
	}
	return shown, nil
}

// add adds a line.
func (c *cartView) add(item domain.CartItem, product *part[api.Product]) {
	line := cartLine{Product: product.Value, Quantity: item.Quantity, Missing: product.Err != nil}
	line.Gone = !line.Missing && line.ID == ""
	line.ID = item.ProductID
	c.Lines = append(c.Lines, line)
	if c.Total.Currency == "" {
		c.Total.Currency = line.Price.Currency
	}
	c.Total.Amount += line.Sum().Amount
}
