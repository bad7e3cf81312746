package domain

import (
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"stoa/pkg/common/errs"
)

// Kind is what a notice is about. It is part of the public API and of the names of mails.
type Kind string

// The kinds of notices.
const (
	OrderConfirmed    Kind = "order-confirmed"
	OrderRejected     Kind = "order-rejected"
	OrderCancelled    Kind = "order-cancelled"
	OrderShipped      Kind = "order-shipped"
	OrderDelivered    Kind = "order-delivered"
	StockLow          Kind = "stock-low"
	AccountRegistered Kind = "account-registered"
	PasswordChanged   Kind = "account-password-changed"
	SessionsRevoked   Kind = "account-sessions-revoked"
)

// Notice is something that one person is to be told, once.
type Notice struct {
	Kind Kind
	// About is what tells this notice from others of its kind: an order's id, or that of the event.
	About string
	// UserID is whose inbox it goes to; "" for a notice that is only mailed.
	UserID string
	To     mail.Address
	// Subject, Opening and Closing are the words; Order, if there is one, is shown between the last two.
	Subject string
	Opening string
	Closing string
	Order   *Order
	// At is when what it tells of happened.
	At time.Time
}

// ID is the same for every copy of one notice.
func (n Notice) ID() string { return string(n.Kind) + "-" + n.About }

// words are what a kind of notice says.
type words struct{ subject, opening, closing string }

// ofOrders is what customers are told.
var ofOrders = map[Kind]words{
	OrderConfirmed: {
		subject: "Your order is confirmed",
		opening: "Good news: everything that you ordered is in stock and set aside for you.",
		closing: "We will write again as soon as it is on its way.",
	},
	OrderRejected: {
		subject: "We could not take your order",
		opening: "We are sorry: your order could not be filled, and you will not be charged for it.",
		closing: "You are welcome to order again.",
	},
	OrderCancelled: {
		subject: "Your order is cancelled",
		opening: "Your order has been cancelled, and you will not be charged for it.",
		closing: "You are welcome back at any time.",
	},
	OrderShipped: {
		subject: "Your order is on its way",
		opening: "Your order has left the house and is on its way to you.",
		closing: "We will write once more when it has arrived.",
	},
	OrderDelivered: {
		subject: "Your order has arrived",
		opening: "Your order has been delivered. We hope that you enjoy it.",
		closing: "Thank you for shopping at Stoa.",
	},
}

// OfOrder returns what a customer is told about an order: errs.Invalid if there is nobody to tell.
func OfOrder(kind Kind, order Order) (Notice, error) {
	if err := checkID(order.ID); err != nil {
		return Notice{}, err
	}
	address, err := mail.ParseAddress(order.Customer.Email)
	if err != nil {
		return Notice{}, errs.Wrap(errs.Invalid, err, "the customer of the order %s has no e-mail address", order.ID)
	}
	said := ofOrders[kind]
	opening := said.opening
	if reason := oneLine(order.Reason); reason != "" {
		opening += " The reason: " + strings.TrimSuffix(reason, ".") + "."
	}
	order.Items = append([]Line(nil), order.Items...)
	for i := range order.Items {
		order.Items[i].Name = oneLine(order.Items[i].Name)
	}
	return Notice{
		Kind: kind, About: order.ID, UserID: order.Customer.ID,
		To:      mail.Address{Name: oneLine(order.Customer.Name), Address: address.Address},
		Subject: said.subject, Opening: opening, Closing: said.closing,
		Order: &order, At: order.UpdatedAt,
	}, nil
}

// OfLowStock returns what the staff is told about a product that runs out; the event's id tells one time from the next.
func OfLowStock(low LowStock, eventID string, at time.Time, staff mail.Address) (Notice, error) {
	if err := checkID(eventID); err != nil {
		return Notice{}, err
	}
	product := oneLine(low.Name) + " (" + oneLine(low.SKU) + ")"
	return Notice{
		Kind: StockLow, About: eventID, To: staff,
		Subject: "Few pieces left: " + product,
		Opening: fmt.Sprintf("Pieces of %s left to sell: %d. We tell you from %d on.", product, low.Available, low.Threshold),
		Closing: "Please see to it that there is more of it.",
		At:      at,
	}, nil
}

// checkID refuses ids that are none of ours: they become parts of file names and headers.
func checkID(id string) error {
	strange := func(c rune) bool { return c != '-' && !('0' <= c && c <= '9') && !('a' <= c && c <= 'z') }
	if id == "" || len(id) > 36 || strings.ContainsFunc(id, strange) {
		return errs.New(errs.Invalid, "%q is no id", id)
	}
	return nil
}

// oneLine takes out what could break out of a line: names are chosen by strangers, and stand in mails.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s))
}
