package domain

import (
	"context"
	"errors"
	"slices"
	"sync"

	"stoa/pkg/common/backlog"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/names"
)

// Tell adds each notice to the inbox of its user, then mails it; some notices are only for one of the two. A mail that cannot be
// sent now is parked, so an event never waits for a mail server. What its reader wants once a day is gathered for the digest.
// The notices are of one kind, and are told side by side: each costs several calls, and the events behind this one wait for all.
func (n *Notifier) Tell(ctx context.Context, cause Cause, notices ...Notice) error {
	settings, err := n.settingsOf(ctx, notices...)
	if err != nil {
		return err
	}
	told, err := n.toldBefore(ctx, notices)
	if err != nil {
		return err
	}
	if err := n.forgetAuthor(ctx, &cause, notices); err != nil {
		return err
	}
	var later waitingMails
	err = backlog.SideBySide(ctx, notices, func(ctx context.Context, notice Notice) error {
		own, result, err := cause, done, error(nil)
		if notice.Event != nil {
			own.Event = *notice.Event
		}
		if slices.Contains(told, notice.ID()) {
			result, err = n.tellAgain(ctx, notice, own)
		} else {
			result, err = n.tell(ctx, notice, settings[notice.ReaderID].Of(notice.Kind.Group()), own)
		}
		switch {
		case err != nil || result == done:
			return err
		case result == gathering:
			return n.gather(ctx, notice)
		}
		later.add(notice)
		return nil
	})
	return errors.Join(err, later.await(ctx, n.notices))
}

// waitingMails are the notices of an event whose mails are to be sent later. Their queue gets them by one write: writes side by side
// would get in each other's way.
type waitingMails struct {
	mu    sync.Mutex
	queue Queue
	ids   []string
}

func (w *waitingMails) add(notice Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue, w.ids = notice.Kind.queue(), append(w.ids, notice.ID())
}

// await makes sure that the queue has the mails. The broker may forget the event now, so the time for it does not count.
func (w *waitingMails) await(ctx context.Context, notices Notices) error {
	if len(w.ids) == 0 {
		return nil
	}
	return notices.Await(context.WithoutCancel(ctx), w.queue, w.ids...)
}

// settingsOf returns the settings of those whom these notices would be mailed to. For mails that nobody can end, it reads nothing.
func (n *Notifier) settingsOf(ctx context.Context, notices ...Notice) (map[string]Settings, error) {
	var readers []string
	for _, notice := range notices {
		if notice.ReaderID != "" && notice.To.Address != "" {
			readers = append(readers, notice.ReaderID)
		}
	}
	switch {
	case len(readers) == 0:
		return nil, nil
	case len(readers) > 1 && notices[0].Kind.patient(): // they are read again before anything is mailed
		return n.settings.GetMany(ctx, readers)
	}
	return n.settings.GetEach(ctx, readers)
}

// toldBefore returns those of many notices that have a record: the event has come before, and there was not the time for all. To
// find that out for each would take as long again.
func (n *Notifier) toldBefore(ctx context.Context, notices []Notice) ([]string, error) {
	if len(notices) < 2 || !notices[0].Kind.patient() {
		return nil, nil
	}
	all := make([]string, len(notices))
	for i, notice := range notices {
		all[i] = notice.ID()
	}
	return n.notices.Told(ctx, all)
}

// forgetAuthor takes the author from the events of notices that are stored with them at once, if the author has left. The inbox of a
// reader who has left takes no notice.
func (n *Notifier) forgetAuthor(ctx context.Context, cause *Cause, notices []Notice) error {
	if len(notices) == 0 || notices[0].AuthorID == "" || !notices[0].Kind.patient() {
		return nil
	}
	left, err := n.people.Left(ctx, []string{notices[0].AuthorID})
	for _, id := range left {
		cause.Event.Data = names.Forget(cause.Event.Data, id)
		for _, notice := range notices {
			if notice.Event != nil {
				notice.Event.Data = names.Forget(notice.Event.Data, id)
			}
		}
	}
	return err
}

// tell tells one notice, whose mail its reader wants this often, and returns what became of its mail.
func (n *Notifier) tell(ctx context.Context, notice Notice, wanted Frequency, cause Cause) (outcome, error) {
	if err := n.overtake(ctx, notice); err != nil {
		return done, err
	}
	record, result := notice.record(now()), done
	switch {
	case notice.To.Address == "" || wanted == Never:
	case wanted == Daily:
		record.Mail, result = Delivery{Status: Gathered}, gathering
	case notice.Kind.patient():
		record.Mail, result = parked(cause, now()), waiting
		if err := n.hint(ctx, notice); err != nil {
			return done, err
		}
	default:
		record.Mail = leased(ids.New(), now())
	}
	err := n.notices.Create(ctx, notice.UserID, record)
	switch {
	case err == nil && record.Mail.Status == Leased:
		return n.send(ctx, notice, record, cause)
	case errs.Is(err, errs.Conflict):
		return n.tellAgain(ctx, notice, cause)
	case errs.Is(err, errs.NotFound):
		return done, nil
	}
	return result, err
}

// tellAgain tells a notice that has a record.
func (n *Notifier) tellAgain(ctx context.Context, notice Notice, cause Cause) (outcome, error) {
	if err := n.hint(ctx, notice); err != nil {
		return done, err
	}
	if notice.Kind.patient() {
		return n.renew(ctx, notice, cause)
	}
	cause, err := withoutLeft(ctx, n.people, cause) // it may be stored now
	if err != nil {
		return done, err
	}
	return n.resume(ctx, notice, cause)
}

// hint adds the mail of a notice that is in no inbox to its queue, before its event is stored. So those who erase find the event in
// an inbox or in a queue, whatever dies.
func (n *Notifier) hint(ctx context.Context, notice Notice) error {
	if notice.UserID != "" {
		return nil
	}
	return n.notices.Await(ctx, notice.Kind.queue(), notice.ID())
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
	if told, err := n.notices.Told(ctx, []string{earlier.ID}); len(told) > 0 || err != nil {
		return err
	}
	if err := n.notices.Create(ctx, "", earlier); err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	return nil
}
