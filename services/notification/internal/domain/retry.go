package domain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// retryTime bounds one run of Retry. It is called every ten seconds (components/topology.yaml).
	retryTime = 8 * time.Second
	// manyPause is the time after each mail to many, after each digest that is made, and after some mails that are looked through for
	// those who leave: 50 a second at most, which leaves the machine to orders.
	manyPause = 20 * time.Millisecond
)

// overtakes says which notices about an order say more than an earlier one that was not sent yet.
var overtakes = map[Kind][]Kind{
	OrderConfirmed: {OrderCancelled, OrderShipped, OrderDelivered},
	OrderShipped:   {OrderDelivered},
}

// errUnreachable ends a run: the mail server would take no other mail either.
var errUnreachable = errs.New(errs.Unavailable, "the mail server takes no mails")

// NoticeOf makes a notice of an event again, as its id says which. It fails with errs.NotFound if there is none any more.
type NoticeOf func(ctx context.Context, id string, cause Cause) (Notice, error)

// Retry sends the mails that are due, then tidies their lists. Several processes may do this at once: each mail is leased.
func (n *Notifier) Retry(ctx context.Context, noticeOf NoticeOf) error {
	return errors.Join(n.sendDue(ctx, noticeOf), n.notices.Tidy(ctx))
}

// sendDue sends the mails that are due, one queue after the other, until there are no more, the time is over, or the mail
// server takes none. It returns the first error that concerns all mails, or else the first.
func (n *Notifier) sendDue(ctx context.Context, noticeOf NoticeOf) (failed error) {
	ctx, cancel := context.WithTimeout(ctx, retryTime)
	defer cancel()
	for _, queue := range Queues {
		err := n.sendQueue(ctx, queue, noticeOf)
		if errors.Is(err, errUnreachable) {
			return err
		}
		if failed = cmp.Or(failed, err); ctx.Err() != nil {
			break
		}
	}
	return failed
}

// sendQueue is sendDue for one queue. A mail that fails for a reason of its own holds up no other.
func (n *Notifier) sendQueue(ctx context.Context, queue Queue, noticeOf NoticeOf) (failed error) {
	for cursor, more := "", true; more; more = cursor != "" {
		due, next, err := n.notices.Due(ctx, queue, cursor, now())
		if err != nil {
			return cmp.Or(failed, err)
		}
		for _, record := range due {
			err := n.retry(ctx, record, noticeOf)
			if err != nil {
				err = fmt.Errorf("the mail %s: %w", record.ID, err)
			}
			if errors.Is(err, errUnreachable) {
				return err
			}
			if queue == toMany {
				sleep(ctx, manyPause)
			}
			if failed = cmp.Or(failed, err); ctx.Err() != nil {
				return failed
			}
		}
		cursor = next
	}
	return failed
}

// retry makes another attempt, unless the notice is overtaken. It fails if the mail server takes no mails at all.
func (n *Notifier) retry(ctx context.Context, record Record, noticeOf NoticeOf) error {
	var later []string
	for _, kind := range overtakes[record.Kind] {
		later = append(later, idOf(kind, record.OrderID))
	}
	overtaken, err := n.notices.Told(ctx, later)
	if err != nil {
		return err
	}
	if len(overtaken) > 0 {
		return n.drop(ctx, record)
	}
	cause := *record.Mail.Cause
	notice, err := noticeOf(ctx, record.ID, cause)
	switch {
	case errs.Is(err, errs.NotFound), err == nil && notice.To.Address == "": // or its account was deleted
		return n.drop(ctx, record)
	case errs.Is(err, errs.Unavailable):
		return nil // a later build has parked it, and sends it
	case err != nil:
		return n.abandon(ctx, record, cause, err, record.Mail.Attempts)
	}
	settings, err := n.settingsOf(ctx, notice)
	if err != nil {
		return err
	}
	notice, wanted := settings[notice.ReaderID].wanted(notice)
	if !wanted {
		return n.drop(ctx, record)
	}
	result, err := n.resume(ctx, notice, cause)
	if err == nil && result == unreachable {
		return errUnreachable
	}
	return err
}

// sleep waits, or ends with the context.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// drop takes back a mail that is not to be sent any more.
func (n *Notifier) drop(ctx context.Context, record Record) error {
	_, err := n.notices.Update(ctx, record.ID, func(r *Record) error {
		if r.Mail.Waits() {
			r.Mail = Delivery{Status: Overtaken}
		}
		return nil
	})
	return err
}
