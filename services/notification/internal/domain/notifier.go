package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
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
	// Await adds a record to a list of mails that are still to be sent, unless it is there already.
	Await(ctx context.Context, queue Queue, id string) error
	// Due returns some of the mails whose next attempt may start now, and the cursor of the next ones, "" at the end.
	Due(ctx context.Context, queue Queue, cursor string, now time.Time) (due []Record, next string, err error)
	// Tidy takes off those lists what is not to be sent any more.
	Tidy(ctx context.Context) error
	// Get returns those of these records that exist.
	Get(ctx context.Context, ids []string) ([]Record, error)
	// Any reports whether one of these records exists.
	Any(ctx context.Context, ids []string) (bool, error)
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

// Tell adds each notice to the inbox of its user, then mails it; some notices are only for one of the two. A mail that cannot be
// sent now is parked, so an event never waits for a mail server. What its reader wants once a day is gathered for the digest.
func (n *Notifier) Tell(ctx context.Context, cause Cause, notices ...Notice) error {
	settings, err := n.settingsOf(ctx, notices...)
	if err != nil {
		return err
	}
	for _, notice := range notices {
		if err := n.tell(ctx, notice, settings[notice.ReaderID].Of(notice.Kind.Group()), cause); err != nil {
			return err
		}
	}
	return nil
}

// settingsOf returns the settings of those whom these notices would be mailed to. For mails that nobody can end, it reads nothing.
func (n *Notifier) settingsOf(ctx context.Context, notices ...Notice) (map[string]Settings, error) {
	var readers []string
	for _, notice := range notices {
		if notice.ReaderID != "" && notice.To.Address != "" {
			readers = append(readers, notice.ReaderID)
		}
	}
	if len(readers) == 0 {
		return nil, nil
	}
	return n.settings.GetEach(ctx, readers)
}

// tell tells one notice, whose mail its reader wants this often.
func (n *Notifier) tell(ctx context.Context, notice Notice, wanted Frequency, cause Cause) error {
	if err := n.overtake(ctx, notice); err != nil {
		return err
	}
	if notice.Event != nil {
		cause.Event = *notice.Event
	}
	record, result := notice.record(now()), done
	switch {
	case notice.To.Address == "" || wanted == Never:
	case wanted == Daily:
		record.Mail, result = Delivery{Status: Gathered}, gathering
	case notice.Kind.patient():
		record.Mail, result = parked(cause, now()), waiting
	default:
		record.Mail = leased(ids.New(), now())
	}
	err := n.notices.Create(ctx, notice.UserID, record)
	switch {
	case err == nil && record.Mail.Status == Leased:
		result, err = n.send(ctx, notice, record, cause)
	case errs.Is(err, errs.Conflict) && notice.Kind.patient():
		result, err = n.renew(ctx, notice, cause)
	case errs.Is(err, errs.Conflict):
		result, err = n.resume(ctx, notice, cause)
	case errs.Is(err, errs.NotFound):
		return nil
	}
	switch {
	case err != nil || result == done:
		return err
	case result == gathering:
		return n.gather(ctx, notice)
	}
	// The broker forgets the event now, so the list has to have the mail.
	return n.notices.Await(context.WithoutCancel(ctx), notice.Kind.queue(), record.ID)
}

// gather adds a notice to the next digest of its reader. Its record was stored before: of what a crash leaves, the next delivery
// of the event finds the record. And if a digest has it by then, that says so.
func (n *Notifier) gather(ctx context.Context, notice Notice) error {
	_, err := n.digests.Upsert(ctx, notice.ReaderID, func(d *Digest) error {
		d.gather(personOf(notice.ReaderID, notice.To), notice.ID(), now())
		return nil
	})
	return err
}

// overtake makes sure that nothing is sent any more that contradicts this notice. A cancellation may arrive before the
// confirmation, which comes from another topic. It hardly ever does, so the record is read before it is created.
func (n *Notifier) overtake(ctx context.Context, notice Notice) error {
	if notice.Kind != OrderCancelled {
		return nil
	}
	earlier := Record{Entry: Entry{ID: idOf(OrderConfirmed, notice.About)}, Mail: Delivery{Status: Overtaken}}
	if told, err := n.notices.Any(ctx, []string{earlier.ID}); told || err != nil {
		return err
	}
	if err := n.notices.Create(ctx, "", earlier); err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	return nil
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
	cause, err := withoutLeft(ctx, n.people, cause)
	if err != nil {
		return done, err
	}
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

// renew leaves a mail that has a record to the schedule. A mail that was given up starts again, because somebody has replayed its
// event.
func (n *Notifier) renew(ctx context.Context, notice Notice, cause Cause) (outcome, error) {
	record, err := n.notices.Update(ctx, notice.ID(), func(r *Record) error {
		if r.Mail.Status == GivenUp {
			r.Mail = parked(cause, now())
		}
		return nil
	})
	switch {
	case err == nil && record.Mail.Status == Gathered:
		return gathering, nil
	case err != nil || !record.Mail.Waits():
		return done, err
	}
	return waiting, nil
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
