// Package repositories stores the records of notices.
package repositories

import (
	"context"
	"errors"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/notification/internal/domain"
)

// store is the name of the state store component.
const store = "notification-store"

// Notices implements domain.Notices and domain.Inbox: a document for each notice, a list for each inbox, and a list for each
// queue of mails that are still to be sent.
type Notices struct {
	*sidecar.Documents[domain.Record]
	inboxes *sidecar.NotedLists[domain.Record, standing]
	mails   *sidecar.Lists[domain.Record]
}

// standing is what is noted of a user beside the list of their notices.
type standing struct {
	// Left says that the account was deleted: for ever, since an event about it may still be on its way.
	Left bool `json:"left,omitempty"`
}

// NewNotices returns the notices in the store behind a sidecar. They expire after ttl.
func NewNotices(s *sidecar.Sidecar, ttl time.Duration) *Notices {
	records := sidecar.Expiring(s, store, "notice", func(domain.Record) time.Duration { return ttl })
	return &Notices{
		Documents: records, inboxes: sidecar.NewNotedLists[domain.Record, standing](records, "inbox-of"), mails: sidecar.NewLists(records, "mails"),
	}
}

// Create implements domain.Notices. A record is in its inbox as soon as it exists; a crash in between leaves only a hint.
func (r *Notices) Create(ctx context.Context, userID string, record domain.Record) error {
	if userID != "" {
		if err := r.add(ctx, userID, record.ID); err != nil {
			return err
		}
	}
	return r.Documents.Create(ctx, record.ID, record, 0)
}

// add adds a record to the inbox of a user. Now and then it takes expired records off that inbox, since no schedule knows all
// users: ids are hexadecimal, so one in 256 ends with 00.
func (r *Notices) add(ctx context.Context, userID, id string) error {
	if strings.HasSuffix(id, "00") {
		if err := r.inboxes.Compact(ctx, userID, func(domain.Record) bool { return true }); err != nil {
			return err
		}
	}
	return r.inboxes.AddNoting(ctx, userID, id, func(user *standing) error {
		if user.Left {
			return errs.New(errs.NotFound, "this account was deleted")
		}
		return nil
	})
}

// erasurePage is how many notices are erased after one read.
const erasurePage = 100

// EraseInbox implements domain.Inboxes.
func (r *Notices) EraseInbox(ctx context.Context, userID string) error {
	err := r.inboxes.ChangeNote(ctx, userID, func(user *standing) error {
		user.Left = true
		return nil
	})
	for cursor, more := "", err == nil; more; more = cursor != "" {
		var records []domain.Record
		if records, cursor, err = r.inboxes.Page(ctx, userID, cursor, erasurePage, nil); err != nil {
			return err
		}
		for _, record := range records {
			if err := r.Remove(ctx, record.ID); err != nil {
				return err
			}
		}
	}
	return err
}

// Waiting implements domain.Inboxes.
func (r *Notices) Waiting(ctx context.Context, queue domain.Queue, cursor string) ([]domain.Record, string, error) {
	return r.mails.Page(ctx, string(queue), cursor, erasurePage, func(record domain.Record) bool { return record.Mail.Waits() })
}

// Await implements domain.Notices.
func (r *Notices) Await(ctx context.Context, queue domain.Queue, ids ...string) error {
	return r.mails.Add(ctx, string(queue), ids...)
}

// Due implements domain.Notices.
func (r *Notices) Due(ctx context.Context, queue domain.Queue, cursor string, now time.Time) ([]domain.Record, string, error) {
	return r.mails.Page(ctx, string(queue), cursor, 100, func(record domain.Record) bool { return record.Mail.Due(now) })
}

// Tidy implements domain.Notices.
func (r *Notices) Tidy(ctx context.Context) error {
	var failed error
	for _, queue := range domain.Queues {
		waits := func(record domain.Record) bool { return record.Mail.Waits() }
		failed = errors.Join(failed, r.mails.Compact(ctx, string(queue), waits))
	}
	return failed
}

// Get implements domain.Notices. It misses none.
func (r *Notices) Get(ctx context.Context, ids []string) ([]domain.Record, error) {
	found, err := r.GetEach(ctx, ids)
	records := make([]domain.Record, len(found))
	for i, d := range found {
		records[i] = d.Value
	}
	return records, err
}

// Told implements domain.Notices.
func (r *Notices) Told(ctx context.Context, ids []string) ([]string, error) {
	found, err := r.GetMany(ctx, ids)
	told := make([]string, len(found))
	for i, d := range found {
		told[i] = d.ID
	}
	return told, err
}

// List implements domain.Inbox.
func (r *Notices) List(ctx context.Context, userID, cursor string, limit int) ([]domain.Record, string, error) {
	// A notice that was overtaken before it was told has no text.
	return r.inboxes.Page(ctx, userID, cursor, limit, func(record domain.Record) bool { return record.Subject != "" })
}
