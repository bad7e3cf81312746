package repositories

import (
	"context"
	"slices"

	"stoa/pkg/sidecar"
)

// overdue is the one group of accounts with overdue events.
const overdue = "overdue"

// maxOverdue is how many accounts Overdue lists. It is a hint for use after an outage, not a queue.
const maxOverdue = 1000

// Overdue implements domain.Overdue: one document.
type Overdue struct{ groups *sidecar.Documents[members] }

// NewOverdue returns the accounts with overdue events behind a sidecar.
func NewOverdue(s *sidecar.Sidecar) *Overdue {
	return &Overdue{sidecar.NewDocuments[members](s, store, "group")}
}

// Add implements domain.Overdue.
func (r *Overdue) Add(ctx context.Context, id string) error {
	_, err := r.groups.Upsert(ctx, overdue, func(m *members) error {
		if len(m.IDs) < maxOverdue && !slices.Contains(m.IDs, id) {
			m.IDs = append(m.IDs, id)
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
