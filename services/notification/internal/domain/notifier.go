package domain

import (
	"context"
	"errors"
	"net/mail"
	"time"

	"stoa/pkg/common/ids"
)

// Inbox keeps the notices of users.
type Inbox interface {
	// Put adds a notice to its user's inbox, once.
	Put(ctx context.Context, n Notice, at time.Time) error
	// List returns a page of a user's inbox, newest first, and the cursor of the next page, "" on the last.
	List(ctx context.Context, userID, cursor string, limit int) (entries []Entry, next string, err error)
}

// Deliveries keeps a record for each notice, written by compare-and-swap.
type Deliveries interface {
	// Change applies a pure function to a record, which need not exist yet, and returns the result.
	Change(ctx context.Context, noticeID string, change func(*Delivery) error) (Delivery, error)
}

// Mail sends a notice by mail.
type Mail interface {
	Send(ctx context.Context, n Notice) error
}

// Notifier sends each notice once, even if several processes handle an event several times.
type Notifier struct {
	inbox      Inbox
	deliveries Deliveries
	mail       Mail
	staff      mail.Address
	now        func() time.Time
}

// NewNotifier returns a notifier. It tells the staff at this address about stock.
func NewNotifier(inbox Inbox, deliveries Deliveries, mail Mail, staff mail.Address) *Notifier {
	now := func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
	return &Notifier{inbox: inbox, deliveries: deliveries, mail: mail, staff: staff, now: now}
}

// TellOrder tells a customer what happened to an order.
func (n *Notifier) TellOrder(ctx context.Context, kind Kind, order Order) error {
	notice, err := OrderNotice(kind, order)
	return n.send(ctx, notice, err)
}

// TellAccount tells a person what happened to their account.
func (n *Notifier) TellAccount(ctx context.Context, kind Kind, account Account, eventID string) error {
	notice, err := AccountNotice(kind, account, eventID)
	return n.send(ctx, notice, err)
}

// TellLowStock tells the staff about a product that is low in stock.
func (n *Notifier) TellLowStock(ctx context.Context, low LowStock, eventID string, at time.Time) error {
	notice, err := LowStockNotice(low, eventID, at, n.staff)
	return n.send(ctx, notice, err)
}

// send puts a notice into the inbox, then mails it. err is that of making the notice.
func (n *Notifier) send(ctx context.Context, notice Notice, err error) error {
	if err != nil {
		return err
	}
	if notice.UserID != "" {
		if err := n.inbox.Put(ctx, notice, n.now()); err != nil {
			return err
		}
	}
	return n.mailOnce(ctx, notice)
}

func (n *Notifier) mailOnce(ctx context.Context, notice Notice) error {
	lease := ids.New()
	delivery, err := n.deliveries.Change(ctx, notice.ID(), func(d *Delivery) error { return d.Lease(lease, n.now()) })
	if err != nil || delivery.Status == Sent {
		return err
	}
	sendErr := n.mail.Send(ctx, notice)
	// Record what was done even if the time for this event is over.
	_, err = n.deliveries.Change(context.WithoutCancel(ctx), notice.ID(), func(d *Delivery) error {
		if sendErr != nil {
			d.Release(lease)
		} else {
			d.MarkSent(n.now())
		}
		return nil
	})
	return errors.Join(sendErr, err)
}
