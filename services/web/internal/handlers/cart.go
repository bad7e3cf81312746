package handlers

import (
	"encoding/json"
	"time"

	"stoa/services/web/internal/domain"
)

// guestCartTTL is how long a browser keeps the cart of a guest after its last change.
const guestCartTTL = 30 * 24 * time.Hour

// cart returns what is in the visitor's cart.
func (v *visit) cart() (domain.Cart, error) {
	if v.filled != nil {
		return *v.filled, nil
	}
	guests := v.guestCart()
	switch {
	case !v.who.SignedIn():
		v.filled = &guests
	case len(guests.Items) > 0:
		if err := v.changeCart(func(*domain.Cart) error { return nil }); err != nil {
			return domain.Cart{}, err
		}
	default:
		stored, err := v.site.carts.Get(v.ctx(), v.who.Person.ID)
		if err != nil {
			return domain.Cart{}, err
		}
		v.filled = &stored
	}
	return *v.filled, nil
}

// changeCart changes the visitor's cart by a pure function, which may run several times. What somebody has put into a cart as a guest is
// part of it from then on.
func (v *visit) changeCart(change func(*domain.Cart) error) error {
	guests := v.guestCart()
	if !v.who.SignedIn() {
		err := change(&guests)
		if err == nil {
			v.keepCart(guests)
		}
		return err
	}
	stored, err := v.site.carts.Update(v.ctx(), v.who.Person.ID, func(cart *domain.Cart) error {
		cart.Merge(guests)
		return change(cart)
	})
	if err != nil {
		return err
	}
	v.filled = &stored
	if v.cookie(cartCookie) != "" {
		v.dropCookie(cartCookie)
	}
	return nil
}

// guestCart returns the cart in the browser's cookie. One that cannot be read is empty.
func (v *visit) guestCart() (cart domain.Cart) {
	plain, ok := v.site.sealer.Open(cartCookie, v.cookie(cartCookie))
	if !ok || json.Unmarshal(plain, &cart) != nil {
		return domain.Cart{}
	}
	return cart
}

// keepCart makes the browser keep the cart of a guest.
func (v *visit) keepCart(cart domain.Cart) {
	v.filled = &cart
	if len(cart.Items) == 0 {
		v.dropCookie(cartCookie)
		return
	}
	plain, err := json.Marshal(cart)
	if err != nil { // a cart can be written as JSON
		return
	}
	v.keepCookie(cartCookie, v.site.sealer.Seal(cartCookie, plain), guestCartTTL)
}

// pieces is how many pieces are in the cart, and 0 while the store does not answer: each page can do without that.
func (v *visit) pieces() int {
	cart, _ := v.cart()
	return int(cart.Pieces())
}
