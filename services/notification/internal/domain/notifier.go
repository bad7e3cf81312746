package domain

import (
	"context"
	"errors"
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
	// Upsert changes a delivery by a pure function, which may run several times, and returns the result. It creates a
	// missing delivery.
	Upsert(ctx context.Context, noticeID string, change func(*Delivery) error) (Delivery, error)
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
}

// NewNotifier returns a notifier.
func NewNotifier(inbox Inbox, deliveries Deliveries, mail Mail) *Notifier {
	return &Notifier{inbox: inbox, deliveries: deliveries, mail: mail}
}

// Tell adds a notice to the inbox of its user, then mails it.
func (n *Notifier) Tell(ctx context.Context, notice Notice) error {
	if notice.UserID != "" {
		if err := n.inbox.Put(ctx, notice, now()); err != nil {
			return err
		}
	}
	return n.mailOnce(ctx, notice)
}

func (n *Notifier) mailOnce(ctx context.Context, notice Notice) error {
	lease := ids.New()
	delivery, err := n.deliveries.Upsert(ctx, notice.ID(), func(d *Delivery) error { return d.Lease(lease, now()) })
	if err != nil || delivery.Status == Sent {
		return err
	}
	sendErr := n.mail.Send(ctx, notice)
	// Store the result even if the time for this event is over.
	_, err = n.deliveries.Upsert(context.WithoutCancel(ctx), notice.ID(), func(d *Delivery) error {
		if sendErr != nil {
			d.Release(lease)
		} else {
			d.MarkSent(now())
		}
		return nil
	})
	return errors.Join(sendErr, err)
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
