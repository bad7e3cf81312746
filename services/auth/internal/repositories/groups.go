package repositories

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// maxMembers is how many accounts a group lists. A group is a hint: it may lack an account.
const maxMembers = 1000

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

// Add adds an account, unless the group is full.
func (g group) Add(ctx context.Context, id string) error {
	_, err := g.documents.Upsert(ctx, g.name, func(m *members) error {
		if len(m.IDs) < maxMembers && !slices.Contains(m.IDs, id) {
			m.IDs = append(m.IDs, id)
		}
		return nil
	})
	return err
}

// Admins implements domain.Admins: one group, and the accounts, which decide.
type Admins struct {
	group
	accounts *Accounts
}

// NewAdmins returns the admins among these accounts.
func NewAdmins(s *sidecar.Sidecar, accounts *Accounts) *Admins {
	return &Admins{group: newGroup(s, "admins"), accounts: accounts}
}

// Remove implements domain.Admins. It reads the accounts of the others too: one may be on the list without the role, if two
// requests gave and took the role at the same time.
func (r *Admins) Remove(ctx context.Context, id string) error {
	listed, err := r.documents.Find(ctx, r.name)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(listed.Value.IDs), func(other string) bool { return other == id })
	accounts, err := r.accounts.GetMany(ctx, others)
	if err != nil {
		return err
	}
	isAdmin := func(d sidecar.Document[domain.Account]) bool { return d.Value.Has(domain.Admin) }
	if !slices.ContainsFunc(accounts, isAdmin) {
		return errs.New(errs.Conflict, "this is the only account with the role ADMIN; give the role to another account first")
	}
	return r.documents.Swap(ctx, listed, members{IDs: others})
}

// Overdue implements domain.Overdue: one group, for use after an outage; it is not a queue.
type Overdue struct{ group }

// NewOverdue returns the accounts with overdue events behind a sidecar.
func NewOverdue(s *sidecar.Sidecar) Overdue { return Overdue{newGroup(s, "overdue")} }

// List implements domain.Overdue.
func (r Overdue) List(ctx context.Context) ([]string, error) {
	listed, err := r.documents.Find(ctx, r.name)
	return listed.Value.IDs, err
}

// Remove implements domain.Overdue.
func (r Overdue) Remove(ctx context.Context, done []string) error {
	_, err := r.documents.Update(ctx, r.name, func(m *members) error {
		m.IDs = slices.DeleteFunc(m.IDs, func(id string) bool { return slices.Contains(done, id) })
		return nil
	})
	return err
}
