package domain

import (
	"context"
	"errors"
	"net/mail"
	"time"

	"stoa/pkg/common/ids"
)

// Inbox stores the notices of each user.
type Inbox interface {
	// Put adds a notice to the inbox of its user, unless it is there already.
	Put(ctx context.Context, n Notice, at time.Time) error
	// List returns a page of a user's inbox, newest first, and the cursor of the next page, "" on the last.
	List(ctx context.Context, userID, cursor string, limit int) (entries []Entry, next string, err error)
}

// Deliveries stores a delivery for each notice.
type Deliveries interface {
	// Change changes a delivery by a pure function, which may run several times, and returns the result. It creates a
	// missing delivery.
	Change(ctx context.Context, noticeID string, change func(*Delivery) error) (Delivery, error)
}

// Mail sends a notice by mail.
type Mail interface {
	Send(ctx context.Context, n Notice) error
}

// Notifier sends each notice once, even if an event is handled twice, or by two processes at once.
type Notifier struct {
	inbox      Inbox
	deliveries Deliveries
	mail       Mail
	staff      mail.Address
	now        func() time.Time
}

// NewNotifier returns a notifier. Notices about low stock go to the address of the staff.
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

// send adds a notice to the inbox, then mails it. It returns err, the error of making the notice, if there is one.
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
	// Store the result even if the time for this event is over.
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
