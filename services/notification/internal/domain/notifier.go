package domain

import (
	"context"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/names"
)

// Notices stores the record of each notice.
type Notices interface {
	// Create stores the record of a notice and adds it to the inbox of its user, if it has one. It fails with errs.Conflict if
	// the notice has a record, and with errs.NotFound if the user has left.
	Create(ctx context.Context, userID string, r Record) error
	// Update changes a record by a pure function, which may run several times, and returns the result.
	Update(ctx context.Context, id string, change func(*Record) error) (Record, error)
	// Overwrite stores a record in the place of what is stored, whatever that is.
	Overwrite(ctx context.Context, id string, r Record) error
	// Await adds records to a list of mails that are still to be sent, unless they are there already.
	Await(ctx context.Context, queue Queue, ids ...string) error
	// Due returns some of the mails whose next attempt may start now, and the cursor of the next ones, "" at the end.
	Due(ctx context.Context, queue Queue, cursor string, now time.Time) (due []Record, next string, err error)
	// Tidy takes off those lists what is not to be sent any more.
	Tidy(ctx context.Context) error
	// Get returns those of these records that exist.
	Get(ctx context.Context, ids []string) ([]Record, error)
	// Told returns the ids of those of these records that exist. It may miss some.
	Told(ctx context.Context, ids []string) ([]string, error)
}

// Queue is a list of mails that are still to be sent.
type Queue string

// Queues are all queues, those first whose mails go first.
var Queues = []Queue{"unsent", aboutBlog, toMany}

const aboutBlog, toMany Queue = "unsent-about-blog", "unsent-to-many"

func (k Kind) queue() Queue {
	switch {
	case k.patient():
		return toMany
	case k.AboutBlog():
		return aboutBlog
	}
	return Queues[0]
}

// Inbox lists the notices of each user.
type Inbox interface {
	// List returns a page of a user's inbox, newest first, and the cursor of the next page, "" on the last.
	List(ctx context.Context, userID, cursor string, limit int) (records []Record, next string, err error)
}

// Mail sends a notice by mail. It fails with a *Refusal if the mail server refuses this mail, with a *TooMany if its address
// got too many lately, and with any other error if the mail server takes no mails at all.
type Mail interface {
	Send(ctx context.Context, n Notice) error
}

// Refusal is what a mail server replied to one mail. Other mails are not concerned.
type Refusal struct{ Reply string }

func (r *Refusal) Error() string { return "the mail server refuses this mail: " + r.Reply }

// TooMany says that an address got as many mails as it may get in an hour.
type TooMany struct{ Until time.Time }

func (t *TooMany) Error() string {
	return "this address gets no more mails until " + t.Until.Format(time.RFC3339)
}

// DeadLetters tells the staff about an event that could not be handled, and how often that was tried.
type DeadLetters interface {
	Publish(ctx context.Context, cause Cause, reason error, attempts int) error
}

// Notifier sends each notice once, even if an event is handled twice, or by two processes at once.
type Notifier struct {
	notices  Notices
	settings SettingsStore
	digests  DigestStore
	mail     Mail
	letters  DeadLetters
	people   Departed
	giveUp   time.Duration
}

// NewNotifier returns a notifier. A mail that the mail server has refused for giveUp becomes a dead letter.
func NewNotifier(
	notices Notices, settings SettingsStore, digests DigestStore, mail Mail, letters DeadLetters, people Departed,
	giveUp time.Duration,
) *Notifier {
	return &Notifier{notices: notices, settings: settings, digests: digests, mail: mail, letters: letters, people: people, giveUp: giveUp}
}

// outcome is what became of the mail of a notice.
type outcome int

const (
	// done: there is nothing left to do.
	done outcome = iota
	// waiting: the mail has to be sent later, or another process sends it.
	waiting
	// unreachable: the same, because the mail server takes no mails at all.
	unreachable
	// gathering: the next digest is to have it.
	gathering
)

// resume sends the mail of a notice that has a record, if an attempt may start now.
func (n *Notifier) resume(ctx context.Context, notice Notice, cause Cause) (outcome, error) {
	lease := ids.New()
	record, err := n.notices.Update(ctx, notice.ID(), func(r *Record) error {
		r.Mail.take(lease, cause, now())
		return nil
	})
	switch {
	case err == nil && record.Mail.Status == Gathered:
		return gathering, nil
	case err != nil || !record.Mail.Waits():
		return done, err
	case record.Mail.LeaseID != lease:
		return waiting, nil
	default:
		return n.send(ctx, notice, record, cause)
	}
}

// send makes the attempt that the mail of this record was leased for, and stores its outcome.
func (n *Notifier) send(ctx context.Context, notice Notice, record Record, cause Cause) (outcome, error) {
	failure := n.mail.Send(ctx, notice)
	ctx = context.WithoutCancel(ctx) // store the outcome even if the time for this event is over
	result, attempt := outcomeOf(failure), record.Mail
	if result == done {
		// Only the state of a mail ever changes, and whatever others have stored meanwhile, this mail is sent. So it is not read.
		record.Mail = Delivery{Status: Sent, SentAt: now()}
		return done, n.notices.Overwrite(ctx, record.ID, record)
	}
	if attempt.Cause == nil { // otherwise the queue has it
		if err := n.hint(ctx, notice); err != nil {
			return result, err
		}
	}
	cause, err := withoutLeft(ctx, n.people, cause) // it is stored now
	if err != nil {
		return result, err
	}
	if _, refused := failure.(*Refusal); refused && attempt.refusedFor(n.giveUp, now()) { //nolint:errorlint // not wrapped
		return done, n.abandon(ctx, record, cause, failure, attempt.Attempts+1)
	}
	_, err = n.notices.Update(ctx, record.ID, func(r *Record) error {
		r.Mail.park(attempt.LeaseID, cause, failure, now())
		return nil
	})
	return result, err
}

func outcomeOf(failure error) outcome {
	switch failure.(type) { //nolint:errorlint // Mail does not wrap them
	case nil:
		return done
	case *Refusal, *TooMany:
		return waiting
	default:
		return unreachable
	}
}

// abandon gives a mail up. The staff find it among the dead letters; a replay starts again. After a crash in between, the next
// attempt publishes the same dead letter again.
func (n *Notifier) abandon(ctx context.Context, of Record, cause Cause, reason error, attempts int) error {
	if !of.Kind.secret() {
		if err := n.letters.Publish(ctx, cause, reason, attempts); err != nil {
			return err
		}
	}
	_, err := n.notices.Update(ctx, of.ID, func(r *Record) error {
		r.Mail = Delivery{Status: GivenUp, Reason: names.WithoutAddresses(reason.Error())}
		return nil
	})
	return err
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
