package repositories

import (
	"context"
	"slices"

	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Jobs implements domain.JobStore: a document for each job, and a list of those that are not over.
type Jobs struct{ *collection[domain.Job] }

// NewJobs returns the jobs in the sidecar's store.
func NewJobs(s *sidecar.Sidecar) *Jobs {
	return &Jobs{newCollection(s, "job", "jobs", (*domain.Job).Lists, domain.NoJob)}
}

// Create implements domain.JobStore.
func (r *Jobs) Create(ctx context.Context, job domain.Job) error {
	_, err := r.create(ctx, job.ID, job)
	return err
}

// GetEach implements domain.JobStore.
func (r *Jobs) GetEach(ctx context.Context, ids []string) ([]domain.Job, error) {
	named := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
	return valuesOf(r.documents.GetEach(ctx, named))
}

// Unfinished implements domain.JobStore.
func (r *Jobs) Unfinished(ctx context.Context, cursor string, limit int) ([]domain.Job, string, error) {
	return r.lists.Page(ctx, domain.Unfinished, cursor, limit, r.on(domain.Unfinished))
}
