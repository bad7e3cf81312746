package security

import "testing"

// Everything that an order needs is let through: the calls of the gateway, the quote by gRPC, keys and sessions at auth.
func TestPolicies_letAnOrderThrough(t *testing.T) {
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)
	product := shop.NewProduct(t, staff, 5)
	order := shop.PlaceOrder(t, customer, product.ID, 2)
	shop.AwaitOrder(t, customer, order.ID, "confirmed")
	shop.AwaitMail(t, order.ID, "order-confirmed")
}
