package repositories

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// members names accounts.
type members struct {
	IDs []string `json:"ids"`
}

// add puts an id among the members, once.
func (m *members) add(id string) {
	if !slices.Contains(m.IDs, id) {
		m.IDs = append(m.IDs, id)
	}
}

// The groups of accounts that are kept, one document each.
const (
	admins  = "admins"
	overdue = "overdue"
)

// maxOverdue is how many accounts Overdue holds: it is a help in an outage and no queue.
const maxOverdue = 1000

// Admins implements domain.Admins.
type Admins struct {
	groups   *sidecar.Documents[members]
	accounts *sidecar.Documents[domain.Account]
}

// NewAdmins returns the admins behind a sidecar.
func NewAdmins(s *sidecar.Sidecar) *Admins {
	return &Admins{
		groups:   sidecar.NewDocuments[members](s, store, "group"),
		accounts: sidecar.NewDocuments[domain.Account](s, store, "account"),
	}
}

// Add implements domain.Admins.
func (r *Admins) Add(ctx context.Context, id string) error {
	_, err := r.groups.Upsert(ctx, admins, func(m *members) error {
		m.add(id)
		return nil
	})
	return err
}

// Remove implements domain.Admins. That there is another is asked of its account as well: somebody may be on the list
// whom two requests at once gave the role and took it from.
func (r *Admins) Remove(ctx context.Context, id string) error {
	group, err := r.groups.Find(ctx, admins)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(group.Value.IDs), func(other string) bool { return other == id })
	accounts, err := r.accounts.GetMany(ctx, others)
	if err != nil {
		return err
	}
	isAdmin := func(d sidecar.Document[domain.Account]) bool { return d.Value.Has(domain.Admin) }
	if !slices.ContainsFunc(accounts, isAdmin) {
		return errs.New(errs.Conflict, "this is the only account with the role ADMIN: give it to another one first")
	}
	return r.groups.Swap(ctx, group, members{IDs: others})
}

// Overdue implements domain.Overdue.
type Overdue struct{ groups *sidecar.Documents[members] }

// NewOverdue returns the accounts behind a sidecar that have something unannounced.
func NewOverdue(s *sidecar.Sidecar) *Overdue {
	return &Overdue{sidecar.NewDocuments[members](s, store, "group")}
}

// Add implements domain.Overdue.
func (r *Overdue) Add(ctx context.Context, id string) error {
	_, err := r.groups.Upsert(ctx, overdue, func(m *members) error {
		if len(m.IDs) < maxOverdue {
			m.add(id)
		}
		return nil
	})
	return err
}

// List implements domain.Overdue.
func (r *Overdue) List(ctx context.Context) ([]string, error) {
	group, err := r.groups.Find(ctx, overdue)
	return group.Value.IDs, err
}

// Remove implements domain.Overdue.
func (r *Overdue) Remove(ctx context.Context, done []string) error {
	_, err := r.groups.Update(ctx, overdue, func(m *members) error {
		m.IDs = slices.DeleteFunc(m.IDs, func(id string) bool { return slices.Contains(done, id) })
		return nil
	})
	return err
}
