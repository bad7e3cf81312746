package repositories

import (
	"context"
	"slices"

	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Jobs implements domain.JobStore: a document for each job, and a list of those that are not over.
type Jobs struct {
	jobs  *sidecar.Documents[domain.Job]
	lists *sidecar.Lists[domain.Job]
}

// NewJobs returns the jobs in the sidecar's store.
func NewJobs(s *sidecar.Sidecar) *Jobs {
	jobs := sidecar.NewDocuments[domain.Job](s, store, "job")
	return &Jobs{jobs, sidecar.NewLists(jobs, "jobs")}
}

// unfinished is the list of the jobs that are not over.
const unfinished = "unfinished"

// Create implements domain.JobStore. The list comes before the document, so that every job is carried on.
func (r *Jobs) Create(ctx context.Context, job domain.Job) error {
	if err := r.lists.Add(ctx, unfinished, job.ID); err != nil {
		return err
	}
	return r.jobs.Create(ctx, job.ID, job, 0)
}

// Get implements domain.JobStore.
func (r *Jobs) Get(ctx context.Context, id string) (domain.Job, error) {
	found, err := r.jobs.Get(ctx, id)
	return found.Value, err
}

// GetEach implements domain.JobStore.
func (r *Jobs) GetEach(ctx context.Context, ids []string) ([]domain.Job, error) {
	named := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
	return valuesOf(r.jobs.GetEach(ctx, named))
}

// Update implements domain.JobStore.
func (r *Jobs) Update(ctx context.Context, id string, change func(*domain.Job) error) (domain.Job, error) {
	return r.jobs.Update(ctx, id, change)
}

// Unfinished implements domain.JobStore.
func (r *Jobs) Unfinished(ctx context.Context, cursor string, limit int) ([]domain.Job, string, error) {
	return r.lists.Page(ctx, unfinished, cursor, limit, isUnfinished)
}

func isUnfinished(j domain.Job) bool { return !j.Over() }

// Compact implements domain.JobStore.
func (r *Jobs) Compact(ctx context.Context) error {
	return r.lists.Compact(ctx, unfinished, isUnfinished)
}
