package repositories

import (
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
)

// members are the accounts of a group.
type members struct {
	IDs []string `json:"ids"`
}

// group is a group of accounts, in one document.
type group struct {
	documents *sidecar.Documents[members]
	name      string
}

func newGroup(s *sidecar.Sidecar, name string) group {
	return group{documents: sidecar.NewDocuments[members](s, store, "group"), name: name}
}

// List returns the ids of the accounts.
func (g group) List(ctx context.Context) ([]string, error) {
	listed, err := g.documents.Find(ctx, g.name)
	return listed.Value.IDs, err
}

// Admins implements domain.Admins: one group, which decides who is ADMIN.
type Admins struct{ group }

// NewAdmins returns the admins behind a sidecar.
func NewAdmins(s *sidecar.Sidecar) Admins { return Admins{newGroup(s, "admins")} }

// Update implements domain.Admins.
func (r Admins) Update(ctx context.Context, change func(ids []string) ([]string, error)) error {
	_, err := r.documents.Upsert(ctx, r.name, func(m *members) (err error) {
		m.IDs, err = change(m.IDs)
		return err
	})
	return err
}

// Overdue implements domain.Overdue: one group, for use after an outage; it is not a queue.
type Overdue struct{ group }

// NewOverdue returns the accounts with overdue events behind a sidecar.
func NewOverdue(s *sidecar.Sidecar) Overdue { return Overdue{newGroup(s, "overdue")} }

// maxOverdue is how many accounts the group lists. It is a hint: it may lack an account.
const maxOverdue = 1000

// Add implements domain.Overdue.
func (r Overdue) Add(ctx context.Context, id string) error {
	_, err := r.documents.Upsert(ctx, r.name, func(m *members) error {
		if len(m.IDs) < maxOverdue && !slices.Contains(m.IDs, id) {
			m.IDs = append(m.IDs, id)
		}
		return nil
	})
	return err
}

// Remove implements domain.Overdue.
func (r Overdue) Remove(ctx context.Context, done []string) error {
	_, err := r.documents.Upsert(ctx, r.name, func(m *members) error {
		m.IDs = slices.DeleteFunc(m.IDs, func(id string) bool { return slices.Contains(done, id) })
		return nil
	})
	return err
}

// pending has the accounts on a list, with the time since when.
type pending struct {
	Since map[string]time.Time `json:"since"`
}

// Unfinished implements domain.Unfinished: one document. It lacks no account.
type Unfinished struct {
	documents *sidecar.Documents[pending]
	name      string
}

// NewUnfinished returns the accounts with unfinished work of this kind behind a sidecar.
func NewUnfinished(s *sidecar.Sidecar, kind string) Unfinished {
	return Unfinished{documents: sidecar.NewDocuments[pending](s, store, "unfinished"), name: kind}
}

// maxUnfinished is how many accounts a list has at most.
const maxUnfinished = 1000

// Add implements domain.Unfinished. It fails with errs.Unavailable if there are too many.
func (r Unfinished) Add(ctx context.Context, id string) (since time.Time, err error) {
	_, err = r.documents.Upsert(ctx, r.name, func(p *pending) error {
		former, listed := p.Since[id]
		if !listed && len(p.Since) >= maxUnfinished {
			return errs.New(errs.Unavailable, "too many requests of this kind are under way; try again in a minute")
		}
		if since = time.Now().UTC().Truncate(time.Microsecond); !since.After(former) { // each time is another one
			since = former.Add(time.Microsecond)
		}
		if p.Since == nil {
			p.Since = map[string]time.Time{}
		}
		p.Since[id] = since
		return nil
	})
	return since, err
}

// List implements domain.Unfinished.
func (r Unfinished) List(ctx context.Context) (map[string]time.Time, error) {
	listed, err := r.documents.Find(ctx, r.name)
	return listed.Value.Since, err
}

// Remove implements domain.Unfinished.
func (r Unfinished) Remove(ctx context.Context, id string, since time.Time) error {
	_, err := r.documents.Update(ctx, r.name, func(p *pending) error {
		if p.Since[id].Equal(since) {
			delete(p.Since, id)
		}
		return nil
	})
	return err
}
