package domain

import (
	"cmp"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Kind is what a notice is about. The API shows it, and the names of mail files begin with it.
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
	AddressVerified   Kind = "account-verified"
	CodeRequested     Kind = "account-code"
	PasswordChanged   Kind = "account-password-changed"
	PasswordLink      Kind = "account-password-link"
	SessionsRevoked   Kind = "account-sessions-revoked"
	PostSubmitted     Kind = "post-submitted"
	PostPublished     Kind = "post-published"
	PostRefused       Kind = "post-refused"
	CommentAdded      Kind = "comment-added"
	PostAnnounced     Kind = "post-announced"
	DailyDigest       Kind = "daily-digest"
)

// AboutBlog reports whether a notice is about posts or comments: mails that let those about orders and accounts go first.
func (k Kind) AboutBlog() bool {
	return k.Group() != ""
}

// patient reports whether the mail of a notice waits for the schedule in any case: there may be many at once.
func (k Kind) patient() bool { return k == PostAnnounced || k == DailyDigest }

// secret reports whether a notice and its event open an account: they are neither kept nor shown to the staff.
func (k Kind) secret() bool { return k == PasswordLink }

// Notice is a message to one person, which is sent once.
type Notice struct {
	Kind Kind
	// About is the id of the order or of the event that the notice is about. Kind and About identify a notice.
	About string
	// UserID is the account in whose inbox the notice appears; "" for a notice that is only mailed.
	UserID string
	// ReaderID is the account that decides on the mail, see Settings; "" for a mail that nobody can end.
	ReaderID string
	// To is where the notice is mailed to; it is zero for a notice that only appears in an inbox.
	To mail.Address
	// Subject, Opening and Closing are the text. If there is an order or a link, it is shown between Opening and Closing.
	Subject string
	Opening string
	Closing string
	// Stored takes the place of Opening in the inbox, if Opening names somebody else: that person may delete their account.
	Stored string
	Order  *Order
	// AuthorID is the account that Opening names, "" for none.
	AuthorID string
	// PostID is the post, "" for a notice that is about none. Link is where to read about it, "" for nowhere.
	PostID, Link string
	// Items are the notices in a digest.
	Items []Item
	// Event is what the notice can be made of again, if that of its cause is about others too.
	Event *Event
	// At is the time of the event.
	At time.Time
}

// ID returns the same id for every copy of a notice.
func (n Notice) ID() string { return idOf(n.Kind, n.About) }

func idOf(kind Kind, about string) string { return string(kind) + "-" + about }

// record returns the record of a notice that arrived at this time.
func (n Notice) record(at time.Time) Record {
	record := Record{Entry: Entry{ID: n.ID(), Kind: n.Kind, Subject: n.Subject, Text: cmp.Or(n.Stored, n.Opening), PostID: n.PostID, Link: n.Link, CreatedAt: at}}
	if n.Order != nil {
		record.OrderID = n.Order.ID
	}
	if n.Kind.secret() {
		record.Link = ""
	}
	return record
}

// words are the text of a kind of notice.
type words struct{ subject, opening, closing string }

// orderWords are the texts for customers.
var orderWords = map[Kind]words{
	OrderConfirmed: {
		subject: "Your order is confirmed",
		opening: "Everything that you ordered is in stock and reserved for you.",
		closing: "We will write again when it is on its way.",
	},
	OrderRejected: {
		subject: "We cannot accept your order",
		opening: "We are sorry that we cannot accept your order. You will not be charged for it.",
		closing: "You are welcome to order again.",
	},
	OrderCancelled: {
		subject: "Your order is cancelled",
		opening: "Your order has been cancelled. You will not be charged for it.",
		closing: "You are welcome to order again.",
	},
	OrderShipped: {
		subject: "Your order is on its way",
		opening: "Your order has been shipped and is on its way to you.",
		closing: "We will write again when it has arrived.",
	},
	OrderDelivered: {
		subject: "Your order has arrived",
		opening: "Your order has been delivered. We hope that you enjoy it.",
		closing: "Thank you for shopping at Stoa.",
	},
}

// OrderNotice returns the notice to the customer of an order. It fails with errs.Invalid for an order that no mail can be
// sent about.
func OrderNotice(kind Kind, order Order) (Notice, error) {
	to, err := recipient(order.ID, order.Customer.Name, order.Customer.Email)
	if err != nil {
		return Notice{}, err
	}
	text := orderWords[kind]
	opening := text.opening
	if reason := oneLine(order.Reason); reason != "" {
		opening += " The reason: " + strings.TrimSuffix(reason, ".") + "."
	}
	order.Items = slices.Clone(order.Items)
	for i := range order.Items {
		order.Items[i].Name = oneLine(order.Items[i].Name)
	}
	return Notice{
		Kind: kind, About: order.ID, UserID: order.Customer.ID, To: to,
		Subject: text.subject, Opening: opening, Closing: text.closing,
		Order: &order, At: order.UpdatedAt,
	}, nil
}

// LowStockNotice returns the notice to the staff about a product that is low in stock.
func LowStockNotice(low LowStock, eventID string, at time.Time, staff mail.Address) (Notice, error) {
	if err := checkID(eventID); err != nil {
		return Notice{}, err
	}
	product := oneLine(low.Name) + " (" + oneLine(low.SKU) + ")"
	return Notice{
		Kind: StockLow, About: eventID, To: staff,
		Subject: "Low stock: " + product,
		Opening: fmt.Sprintf("Available pieces of %s: %d. We write when %d or fewer are left.", product, low.Available, low.Threshold),
		Closing: "Please order more.",
		At:      at,
	}, nil
}
