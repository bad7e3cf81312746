package domain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"stoa/pkg/common/errs"
)

// retryTime bounds one run of Retry. It is called every ten seconds (components/topology.yaml).
const retryTime = 8 * time.Second

// overtakes says which notices about an order say more than an earlier one that was not sent yet.
var overtakes = map[Kind][]Kind{
	OrderConfirmed: {OrderCancelled, OrderShipped, OrderDelivered},
	OrderShipped:   {OrderDelivered},
}

// errUnreachable ends a run: the mail server would take no other mail either.
var errUnreachable = errs.New(errs.Unavailable, "the mail server takes no mails")

// Retry sends the mails that are due, then tidies their list. noticeOf makes the notice of an event again. Several processes may
// do this at once: each mail is leased.
func (n *Notifier) Retry(ctx context.Context, noticeOf func(Cause) (Notice, error)) error {
	return errors.Join(n.sendDue(ctx, noticeOf), n.notices.Tidy(ctx))
}

// sendDue sends the mails that are due, until there are no more, the time is over, or the mail server takes none. A mail that
// fails for a reason of its own holds up no other. It returns the first error.
func (n *Notifier) sendDue(ctx context.Context, noticeOf func(Cause) (Notice, error)) (failed error) {
	ctx, cancel := context.WithTimeout(ctx, retryTime)
	defer cancel()
	for cursor, more := "", true; more; more = cursor != "" {
		due, next, err := n.notices.Due(ctx, cursor, now())
		if err != nil {
			return cmp.Or(failed, err)
		}
		for _, record := range due {
			err := n.retry(ctx, record, noticeOf)
			if err != nil {
				failed = cmp.Or(failed, fmt.Errorf("the mail %s: %w", record.ID, err))
			}
			if errors.Is(err, errUnreachable) || ctx.Err() != nil {
				return failed
			}
		}
		cursor = next
	}
	return failed
}

// retry makes another attempt, unless the notice is overtaken. It fails if the mail server takes no mails at all.
func (n *Notifier) retry(ctx context.Context, record Record, noticeOf func(Cause) (Notice, error)) error {
	var later []string
	for _, kind := range overtakes[record.Kind] {
		later = append(later, idOf(kind, record.OrderID))
	}
	overtaken, err := n.notices.Any(ctx, later)
	if err != nil {
		return err
	}
	if overtaken {
		_, err := n.notices.Update(ctx, record.ID, func(r *Record) error {
			if r.Mail.Waits() {
				r.Mail = Delivery{Status: Overtaken}
			}
			return nil
		})
		return err
	}
	cause := *record.Mail.Cause
	notice, err := noticeOf(cause)
	switch {
	case errs.Is(err, errs.Unavailable):
		return nil // a later build has parked it, and sends it
	case err != nil:
		return n.abandon(ctx, record.ID, cause, err, record.Mail.Attempts)
	}
	result, err := n.resume(ctx, notice, cause)
	if err == nil && result == unreachable {
		return errUnreachable
	}
	return err
}
