package domain

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/names"
)

const (
	// lookTime bounds one run of CatchUp, which is called every ten seconds (components/topology.yaml).
	lookTime = 3 * time.Second
	// lateTime is longer than anything takes that has begun before an account left.
	lateTime = 5 * time.Minute
)

// look is a look through all that is stored for those who had left when it began. It takes several runs if many mails wait. A process
// that dies begins another one.
type look struct {
	began   time.Time
	leaving map[string]time.Time
	// These accounts and queues are still to be looked through, the first queue from the cursor on.
	accounts []string
	queues   []Queue
	cursor   string
	// late are those of whom nothing more can be written after this look.
	late []string
}

// CatchUp looks again and again for those who have left, until a look that began minutes later has come to its end. The next run goes
// on where this one stops.
func (e *Erasure) CatchUp(ctx context.Context) error {
	if !e.mu.TryLock() { // the run before is still at work
		return nil
	}
	defer e.mu.Unlock()
	end := time.Now().Add(lookTime)
	if e.look == nil {
		began := time.Now()
		leaving, err := e.departures.Recent(ctx)
		if err != nil || len(leaving) == 0 {
			return err
		}
		e.look = &look{began: began, leaving: leaving, accounts: slices.Collect(maps.Keys(leaving)), queues: Queues}
	}
	return e.goOn(ctx, e.look, end)
}

// goOn carries on a look. An account that fails holds up no other; it is looked for again by the next look.
func (e *Erasure) goOn(ctx context.Context, l *look, end time.Time) (failed error) {
	for ; len(l.accounts) > 0 && time.Now().Before(end); l.accounts = l.accounts[1:] {
		accountID := l.accounts[0]
		switch err := e.sweep(ctx, accountID); {
		case err != nil:
			failed = errors.Join(failed, err)
		case l.began.Sub(l.leaving[accountID]) > lateTime:
			l.late = append(l.late, accountID)
		}
	}
	for len(l.queues) > 0 && time.Now().Before(end) {
		next, err := e.sweepQueue(ctx, l.queues[0], l.cursor, l.leaving)
		if err != nil {
			return errors.Join(failed, err)
		}
		if l.cursor = next; next == "" {
			l.queues = l.queues[1:]
		}
	}
	if len(l.accounts)+len(l.queues) > 0 {
		return failed
	}
	e.look = nil
	return errors.Join(failed, e.departures.Settle(ctx, l.late))
}

// sweepQueue takes those who leave from the events of some mails that wait, and returns the cursor of the next ones. A mail that goes
// to nobody then is dropped when it is due.
func (e *Erasure) sweepQueue(ctx context.Context, queue Queue, cursor string, leaving map[string]time.Time) (string, error) {
	waiting, next, err := e.inboxes.Waiting(ctx, queue, cursor)
	for _, record := range waiting {
		if record.Mail.Cause == nil || err != nil {
			continue
		}
		mentioned := slices.DeleteFunc(names.Mentions(record.Mail.Cause.Event.Data), func(id string) bool {
			_, leaves := leaving[id]
			return !leaves
		})
		if len(mentioned) > 0 {
			err = e.forget(ctx, record.ID, mentioned)
		}
	}
	return next, err
}

// forget takes accounts from the event of a mail that waits.
func (e *Erasure) forget(ctx context.Context, noticeID string, accountIDs []string) error {
	_, err := e.inboxes.Update(ctx, noticeID, func(r *Record) error {
		for _, id := range accountIDs {
			r.Mail.forget(id)
		}
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}
