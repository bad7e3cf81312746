package domain

import (
	"context"
	"errors"
	"slices"
	"time"

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
	// Recent returns when each account that is not settled was noted.
	Recent(ctx context.Context) (map[string]time.Time, error)
	// Settle notes that all was found of these accounts.
	Settle(ctx context.Context, accountIDs []string) error
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

// Erase forgets an account: all that read about it from now on find that it has left. CatchUp looks through the mails that wait, which
// may be many, and finds what is being written at this moment by those who have read before.
func (e *Erasure) Erase(ctx context.Context, accountID string) error {
	if err := e.departures.Leave(ctx, accountID); err != nil {
		return err
	}
	return e.sweep(ctx, accountID)
}

// lateTime is longer than anything takes that has begun before an account left.
const lateTime = 5 * time.Minute

// CatchUp looks for those who have left lately through all that is stored. With many mails that wait it takes longer than a request. An
// account is settled when a look that began minutes later has come to its end; one that fails holds up no other.
func (e *Erasure) CatchUp(ctx context.Context) (failed error) {
	began := time.Now()
	leaving, err := e.departures.Recent(ctx)
	if err != nil || len(leaving) == 0 {
		return err
	}
	var late []string
	for accountID, notedAt := range leaving {
		switch err := e.sweep(ctx, accountID); {
		case err != nil:
			failed = errors.Join(failed, err)
		case began.Sub(notedAt) > lateTime:
			late = append(late, accountID)
		}
	}
	for _, queue := range Queues {
		if err := e.sweepQueue(ctx, queue, leaving); err != nil {
			return errors.Join(failed, err)
		}
	}
	return errors.Join(failed, e.departures.Settle(ctx, late))
}

func (e *Erasure) sweep(ctx context.Context, accountID string) error {
	return errors.Join(
		e.inboxes.EraseInbox(ctx, accountID), e.editors.Leave(ctx, accountID), e.endMails(ctx, accountID), e.emptyDigest(ctx, accountID),
	)
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

// sweepQueue takes those who leave from the events of the mails that wait. One that goes to nobody then is dropped when it is due.
func (e *Erasure) sweepQueue(ctx context.Context, queue Queue, leaving map[string]time.Time) error {
	for cursor, more := "", true; more; more = cursor != "" {
		waiting, next, err := e.inboxes.Waiting(ctx, queue, cursor)
		if err != nil {
			return err
		}
		for _, record := range waiting {
			if err := e.forget(ctx, record, leaving); err != nil {
				return err
			}
		}
		if cursor = next; cursor != "" {
			sleep(ctx, manyPause)
		}
	}
	return nil
}

// forget takes those who leave from the event of a mail that waits.
func (e *Erasure) forget(ctx context.Context, record Record, leaving map[string]time.Time) error {
	if record.Mail.Cause == nil {
		return nil
	}
	mentioned := slices.DeleteFunc(names.Mentions(record.Mail.Cause.Event.Data), func(id string) bool {
		_, leaves := leaving[id]
		return !leaves
	})
	if len(mentioned) == 0 {
		return nil
	}
	_, err := e.inboxes.Update(ctx, record.ID, func(r *Record) error {
		for _, accountID := range mentioned {
			r.Mail.forget(accountID)
		}
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
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
