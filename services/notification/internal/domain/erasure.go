package domain

import (
	"context"
	"errors"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/names"
)

// Departed knows who has deleted their account.
type Departed interface {
	// Left returns those of these ids whose accounts were deleted, for longer than a broker keeps events about them.
	Left(ctx context.Context, ids []string) ([]string, error)
}

// Departures stores who has deleted their account.
type Departures interface {
	Departed
	// Leave notes that an account was deleted.
	Leave(ctx context.Context, accountID string) error
	// Recent returns the accounts that were deleted within the last minutes.
	Recent(ctx context.Context) ([]string, error)
}

// Inboxes erases what the inbox of an account has.
type Inboxes interface {
	// EraseInbox removes the notices of an account, and takes none from then on.
	EraseInbox(ctx context.Context, accountID string) error
	// Waiting returns some of the mails of a queue that are still to be sent, and the cursor of the next ones, "" at the end.
	Waiting(ctx context.Context, queue Queue, cursor string) (waiting []Record, next string, err error)
	// Update changes a record by a pure function, which may run several times, and returns the result.
	Update(ctx context.Context, id string, change func(*Record) error) (Record, error)
}

// Erasure forgets those who have deleted their account.
type Erasure struct {
	departures Departures
	inboxes    Inboxes
	editors    *Editors
	settings   SettingsStore
	digests    DigestStore
}

// NewErasure returns the Erasure of these.
func NewErasure(
	departures Departures, inboxes Inboxes, editors *Editors, settings SettingsStore, digests DigestStore,
) *Erasure {
	return &Erasure{departures, inboxes, editors, settings, digests}
}

// Erase forgets an account: all that read about it from now on find that it has left. What is being written at this moment by
// those who have read before is found by CatchUp.
func (e *Erasure) Erase(ctx context.Context, accountID string) error {
	if err := e.departures.Leave(ctx, accountID); err != nil {
		return err
	}
	return e.sweep(ctx, accountID)
}

// CatchUp sweeps again for those who left within the last minutes: longer than a handler takes.
func (e *Erasure) CatchUp(ctx context.Context) error {
	recent, err := e.departures.Recent(ctx)
	for _, accountID := range recent {
		err = errors.Join(err, e.sweep(ctx, accountID))
	}
	return err
}

func (e *Erasure) sweep(ctx context.Context, accountID string) error {
	err := errors.Join(
		e.inboxes.EraseInbox(ctx, accountID), e.editors.Leave(ctx, accountID), e.endMails(ctx, accountID), e.emptyDigest(ctx, accountID),
	)
	for _, queue := range Queues {
		err = errors.Join(err, e.sweepQueue(ctx, queue, accountID))
	}
	return err
}

// endMails erases what an account has decided about its mails. What is left says that it has left: links in its old mails still work.
func (e *Erasure) endMails(ctx context.Context, accountID string) error {
	_, err := e.settings.Upsert(ctx, accountID, func(s *Settings) error {
		*s = Settings{ID: accountID, Left: true}
		return nil
	})
	return err
}

// emptyDigest erases what is gathered for the next digest of an account, and to whom it goes.
func (e *Erasure) emptyDigest(ctx context.Context, accountID string) error {
	digest, err := e.digests.Get(ctx, accountID)
	if err != nil || digest.Email == "" && !digest.Waits() {
		return err
	}
	_, err = e.digests.Upsert(ctx, accountID, func(d *Digest) error {
		*d = Digest{Person: Person{ID: accountID}}
		return nil
	})
	return err
}

// sweepQueue takes an account from the events of the mails that wait. One that goes to nobody then is dropped when it is due.
func (e *Erasure) sweepQueue(ctx context.Context, queue Queue, accountID string) error {
	for cursor, more := "", true; more; more = cursor != "" {
		waiting, next, err := e.inboxes.Waiting(ctx, queue, cursor)
		if err != nil {
			return err
		}
		for _, record := range waiting {
			if record.Mail.Cause == nil || !slices.Contains(names.Mentions(record.Mail.Cause.Event.Data), accountID) {
				continue
			}
			_, err := e.inboxes.Update(ctx, record.ID, func(r *Record) error {
				r.Mail.forget(accountID)
				return nil
			})
			if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
		}
		cursor = next
	}
	return nil
}

// forget takes from the event what tells who an account is.
func (d *Delivery) forget(accountID string) {
	if d.Cause != nil {
		cause := *d.Cause
		cause.Event.Data = names.Forget(cause.Event.Data, accountID)
		d.Cause = &cause
	}
}

// withoutLeft returns a cause that can be stored: without those who have left.
func withoutLeft(ctx context.Context, departed Departed, cause Cause) (Cause, error) {
	left, err := departed.Left(ctx, names.Mentions(cause.Event.Data))
	for _, accountID := range left {
		cause.Event.Data = names.Forget(cause.Event.Data, accountID)
	}
	return cause, err
}
