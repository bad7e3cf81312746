package repositories

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// members is a group of accounts.
type members struct {
	IDs []string `json:"ids"`
}

// admins is the one group of admins.
const admins = "admins"

// Admins implements domain.Admins: one document, and the accounts, which decide.
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
		if !slices.Contains(m.IDs, id) {
			m.IDs = append(m.IDs, id)
		}
		return nil
	})
	return err
}

// Remove implements domain.Admins. It reads the accounts of the others too: one may be on the list without the role, if two
// requests gave and took the role at the same time.
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
		return errs.New(errs.Conflict, "this is the only account with the role ADMIN; give the role to another account first")
	}
	return r.groups.Swap(ctx, group, members{IDs: others})
}
