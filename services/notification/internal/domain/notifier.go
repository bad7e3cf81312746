package domain

import (
	"context"
	"errors"
	"time"
)

// Inbox keeps what users were told.
type Inbox interface {
	// Put adds a notice to its user's inbox, once.
	Put(ctx context.Context, n Notice, at time.Time) error
}

// Deliveries keeps the record of each notice's sending, written by compare-and-swap.
type Deliveries interface {
	// Change applies a pure function to a record, which need not exist yet, and returns what became of it.
	Change(ctx context.Context, noticeID string, change func(*Delivery) error) (Delivery, error)
}

// Mail sends a notice by mail.
type Mail interface {
	Send(ctx context.Context, n Notice) error
}

// Notifier tells people, each of them once, however often and wherever it is called.
type Notifier struct {
	inbox      Inbox
	deliveries Deliveries
	mail       Mail
	newID      func() string
	now        func() time.Time
}

// NewNotifier returns a notifier; newID makes ids that are never made again.
func NewNotifier(inbox Inbox, deliveries Deliveries, mail Mail, newID func() string) *Notifier {
	now := func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
	return &Notifier{inbox: inbox, deliveries: deliveries, mail: mail, newID: newID, now: now}
}

// Tell puts a notice into the inbox, then mails it. errs.Unavailable if that has to be tried again.
func (n *Notifier) Tell(ctx context.Context, notice Notice) error {
	if notice.UserID != "" {
		if err := n.inbox.Put(ctx, notice, n.now()); err != nil {
			return err
		}
	}
	return n.mailOnce(ctx, notice)
}

func (n *Notifier) mailOnce(ctx context.Context, notice Notice) error {
	claim := n.newID()
	delivery, err := n.deliveries.Change(ctx, notice.ID(), func(d *Delivery) error { return d.Claim(claim, n.now()) })
	if err != nil || delivery.Status == Sent {
		return err
	}
	sendErr := n.mail.Send(ctx, notice)
	// The time for this event may be up by now; what was done is recorded all the same.
	_, err = n.deliveries.Change(context.WithoutCancel(ctx), notice.ID(), func(d *Delivery) error {
		if sendErr != nil {
			d.Release(claim)
		} else {
			d.MarkSent(n.now())
		}
		return nil
	})
	return errors.Join(sendErr, err)
}
