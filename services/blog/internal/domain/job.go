package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
)

// Job changes a tag of all posts: it renames it, merges it into another, or deletes it. It is stored before it begins, and the
// schedule carries it on, so it survives whatever happens.
type Job struct {
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Tag is what posts lose, and Into what they get in its place, "" for nothing.
	Tag  string `json:"tag"`
	Into string `json:"into,omitempty"`
	// Description is the new one of Into, unless it is nil.
	Description *string `json:"description,omitempty"`
	// By is the account of the editor.
	By string    `json:"by"`
	At time.Time `json:"at"`

	State State `json:"state"`
	// Reason says why the job was refused.
	Reason string `json:"reason,omitempty"`
	// Since is when posts began to get Into in place of Tag.
	Since time.Time `json:"since,omitzero"`
	// Place is how far the job has come.
	Place Place `json:"place,omitzero"`
	// Changed is how many posts it has changed.
	Changed int       `json:"changed"`
	EndedAt time.Time `json:"endedAt,omitzero"`
	// Left is how many published posts have still to change. The tag knows it.
	Left int `json:"-"`
}

// Kind is what a job does.
type Kind string

// The kinds of jobs.
const (
	Rename Kind = "rename"
	Merge  Kind = "merge"
	Remove Kind = "delete"
)

// State is how far a job has come.
type State string

// The states. Jobs that are done or refused are over.
const (
	// Asked: it does not have its tags yet.
	Asked State = "asked"
	// Claimed: no other job changes its tags.
	Claimed State = "claimed"
	// Running: it changes posts.
	Running State = "running"
	Done    State = "done"
	// Refused: another job had one of its tags.
	Refused State = "refused"
)

// Over reports whether nothing more happens.
func (j *Job) Over() bool { return j.State == Done || j.State == Refused }

// Lists returns the lists that the job belongs to.
func (j *Job) Lists() []string {
	if j.Over() {
		return nil
	}
	return []string{Unfinished}
}

// does reports whether the job does what another one was asked to do.
func (j *Job) does(other Job) bool {
	return j.Kind == other.Kind && j.Tag == other.Tag && j.Into == other.Into
}

// Place is a part of a list of posts in a pass over all posts with a tag.
type Place struct {
	// Began is when the pass began; zero between two passes.
	Began time.Time `json:"began,omitzero"`
	List  int       `json:"list,omitempty"`
	Part  int64     `json:"part,omitempty"`
}

// JobStore stores jobs.
type JobStore interface {
	// Create stores a new job.
	Create(ctx context.Context, job Job) error
	// Get fails with errs.NotFound if there is no such job.
	Get(ctx context.Context, id string) (Job, error)
	// GetEach returns those of these jobs that exist. "" is the id of none.
	GetEach(ctx context.Context, ids []string) ([]Job, error)
	// Update changes a job by a pure function, which runs again if another change came first.
	Update(ctx context.Context, id string, change func(*Job) error) (Job, error)
	// Unfinished returns a page of the jobs that are not over, and the cursor of the next page, "" at the end.
	Unfinished(ctx context.Context, cursor string, limit int) (jobs []Job, next string, err error)
	// Compact removes the others from the list.
	Compact(ctx context.Context) error
}

// NoJob is the error for a job that does not exist.
func NoJob() error { return errs.New(errs.NotFound, "there is no such job") }
