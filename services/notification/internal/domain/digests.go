package domain

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// digestTime bounds one run of Digests.Make. It is called every ten seconds (components/topology.yaml).
	digestTime = 8 * time.Second
	// digestPage is how many digests are read at once.
	digestPage = 100
)

// Digests makes a mail a day of what was gathered.
type Digests struct {
	*Notifier
	topic  string
	hour   int
	period time.Duration
	mu     sync.Mutex
	done   time.Time // of which this process has found no digest left
}

// NewDigests returns the digests of a notifier, which are due at this hour, in UTC, and after each period from then on, which is
// usually a day. Those whose mail is given up become dead letters of this topic.
func NewDigests(notifier *Notifier, topic string, hour int, period time.Duration) *Digests {
	return &Digests{Notifier: notifier, topic: topic, hour: hour, period: period}
}

// due returns the time of the digests that are due: they have what was gathered before.
func (d *Digests) due(now time.Time) time.Time {
	hour := time.Date(now.Year(), now.Month(), now.Day(), d.hour, 0, 0, 0, time.UTC)
	if hour.After(now) {
		hour = hour.AddDate(0, 0, -1)
	}
	return hour.Add(now.Sub(hour).Truncate(d.period))
}

// Make makes the digests that are due, until there are no more, or the time is over. Several processes may do this at once. One
// that fails holds up no other.
func (d *Digests) Make(ctx context.Context) (failed error) {
	if !d.mu.TryLock() { // the run before is still at work
		return nil
	}
	defer d.mu.Unlock()
	until := d.due(now())
	if d.done.Equal(until) {
		return d.digests.Tidy(ctx)
	}
	end, made := time.Now().Add(digestTime), 0
	for cursor, more := "", true; more; more = cursor != "" {
		waiting, next, err := d.digests.Waiting(ctx, cursor, digestPage)
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, digest := range waiting {
			if len(digest.Open) == 0 && !digest.open(until) {
				continue
			}
			if time.Now().After(end) {
				return failed
			}
			if err := d.make(ctx, digest.ID, until); err != nil {
				failed = errors.Join(failed, fmt.Errorf("the digest of %s: %w", digest.ID, err))
			}
			if errs.Is(failed, errs.Unavailable) {
				return failed
			}
			made++
			sleep(ctx, manyPause)
		}
		cursor = next
	}
	if failed == nil && made == 0 { // a page may miss some if the store fails in between, so there is a second look
		d.done = until
	}
	return failed
}

// make makes the digest of an account. It is opened, told, and closed, and each step may be repeated: the digest of a time has one
// notice, and a notice is in one digest, because its record says so.
func (d *Digests) make(ctx context.Context, accountID string, until time.Time) error {
	opened := false
	digest, err := d.digests.Upsert(ctx, accountID, func(stored *Digest) error {
		opened = stored.open(until)
		return nil
	})
	if err != nil || !opened {
		return err
	}
	records, err := d.gathered(ctx, digest)
	if err != nil {
		return err
	}
	if len(records) > 0 {
		if err := d.tellDigest(ctx, digest, records); err != nil {
			return err
		}
	}
	for _, id := range digest.Open {
		if err := d.digested(ctx, id); err != nil {
			return err
		}
	}
	_, err = d.digests.Upsert(ctx, accountID, func(stored *Digest) error {
		stored.close(digest.Until)
		return nil
	})
	return err
}

// gathered returns the notices of an open digest that were not in an earlier one, and that the account still wants.
func (d *Digests) gathered(ctx context.Context, digest Digest) ([]Record, error) {
	all, err := d.notices.Get(ctx, digest.Open)
	if err != nil {
		return nil, err
	}
	known, err := d.settings.GetEach(ctx, []string{digest.ID})
	var records []Record
	for _, r := range all {
		if r.Mail.Status == Gathered && known[digest.ID].Of(r.Kind.Group()) != Never {
			records = append(records, r)
		}
	}
	return records, err
}

func (d *Digests) tellDigest(ctx context.Context, digest Digest, records []Record) error {
	due := DueDigest{To: digest.Person, Until: digest.Until, At: now(), More: digest.More}
	for _, r := range records {
		due.Items = append(due.Items, Item{Group: r.Kind.Group(), Subject: r.Subject, Text: r.Text, Link: r.Link})
	}
	notice, err := DigestNotice(due)
	if err != nil {
		return err
	}
	cause, err := due.cause(d.topic)
	if err != nil {
		return err
	}
	_, err = d.tell(ctx, notice, AtOnce, cause) // the queue has its mail, because no inbox has it
	return err
}

// digested notes in the record of a notice that a digest has it.
func (d *Digests) digested(ctx context.Context, id string) error {
	_, err := d.notices.Update(ctx, id, func(r *Record) error {
		if r.Mail.Status == Gathered {
			r.Mail = Delivery{Status: Digested, SentAt: now()}
		}
		return nil
	})
	if errs.Is(err, errs.NotFound) { // it has expired
		return nil
	}
	return err
}
