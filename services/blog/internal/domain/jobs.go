package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// tagTime bounds one run of Tagging.CatchUp, which comes after that of Review.
	tagTime = 3 * time.Second
	// sweepSize is how many posts one step of a job changes at most, and maxJobs how many jobs are carried on at a time.
	sweepSize = 50
	maxJobs   = 100
)

// CatchUp carries jobs on, step by step in turns. What one step has done is stored before the next. Several processes may do
// this at once.
func (t *Tagging) CatchUp(ctx context.Context) error {
	end := time.Now().Add(tagTime)
	jobs, _, err := t.Jobs.Unfinished(ctx, "", maxJobs)
	failed := err
	for len(jobs) > 0 {
		var more []Job
		for _, job := range jobs {
			next, worked, err := t.step(ctx, job)
			switch {
			case errors.Is(err, errMoved): // another process carries it on
			case err != nil:
				failed = errors.Join(failed, fmt.Errorf("the job %s: %w", job.ID, err))
			case worked && !next.Over():
				more = append(more, next)
			}
			if errs.Is(err, errs.Unavailable) || time.Now().After(end) {
				return failed
			}
		}
		jobs = more
	}
	return failed
}

// step does the next step of a job, and reports whether there was one to do now.
//
// A running job looks at all posts with its tag, in passes. The first one begins at once. A request that had read the tags
// before may still store a post with the tag. So the last pass begins when every such request is over.
func (t *Tagging) step(ctx context.Context, job Job) (next Job, worked bool, err error) {
	if job.State != Running {
		if t.Now().Sub(job.At) < requestTime { // the request that asked for it is at work
			return job, false, nil
		}
		next, err = t.prepare(ctx, job)
		return next, true, err
	}
	lists, due := []string{Tagged(job.Tag), Wanting(job.Tag), Source{Tag: job.Tag}.Followers()}, job.Since.Add(requestTime)
	place, changed := job.Place, 0
	switch {
	case place.Began.IsZero():
		place.Began = t.Now()
	case place.List < len(lists):
		place, changed, err = t.sweep(ctx, job, lists[place.List], place.List == len(lists)-1)
	case !place.Began.Before(due):
		next, err = t.finish(ctx, job)
		return next, true, err
	case !t.Now().Before(due):
		place = Place{Began: t.Now()}
	default:
		return job, false, nil
	}
	if err != nil {
		return job, false, err
	}
	next, err = t.Jobs.Update(ctx, job.ID, func(j *Job) error {
		if j.State != Running || j.Place != job.Place {
			return errMoved
		}
		j.Place, j.Changed = place, j.Changed+changed
		return nil
	})
	return next, true, err
}

// sweep changes the posts, or followers, of the next part of a list. It returns the place after it, and how many posts it was.
func (t *Tagging) sweep(ctx context.Context, job Job, list string, followers bool) (place Place, posts int, err error) {
	if followers {
		place, _, err = sweepPart(ctx, job.Place, list, t.Followers, func(f Following) error {
			return about("follower", f.ID, t.refollow(ctx, f.ID, job))
		})
		return place, 0, err
	}
	return sweepPart(ctx, job.Place, list, t.Posts, func(p Post) error { return about("post", p.ID, t.retag(ctx, p.ID, job)) })
}

// inParts has lists that are read part by part, see PostStore.
type inParts[T any] interface {
	Part(ctx context.Context, list string, n, size int64) ([]T, error)
	Parts(ctx context.Context, list string, size int64) (int64, error)
}

func sweepPart[T any](
	ctx context.Context, place Place, list string, store inParts[T], change func(T) error,
) (next Place, size int, failed error) {
	parts, err := store.Parts(ctx, list, sweepSize)
	if err != nil || place.Part >= parts {
		return Place{Began: place.Began, List: place.List + 1}, 0, err
	}
	all, err := store.Part(ctx, list, place.Part, sweepSize)
	if err != nil {
		return place, 0, err
	}
	for _, one := range all {
		err := change(one)
		if errs.Is(err, errs.Unavailable) {
			return place, 0, err
		}
		failed = errors.Join(failed, err)
	}
	place.Part++
	return place, len(all), failed
}

// refollow makes a follower of the tag follow the new one. One who leaves at the same moment follows neither.
func (t *Tagging) refollow(ctx context.Context, accountID string, job Job) error {
	_, err := t.Followers.Upsert(ctx, accountID, func(f *Following) error {
		f.retag(job.Tag, job.Into)
		return nil
	})
	return err
}

// retag changes a post as any other change does: its version grows, so nobody overwrites it with what they have read before.
func (t *Tagging) retag(ctx context.Context, id string, job Job) error {
	_, err := t.change(ctx, id, t.Now(), func(post Post) (func(*Post) error, error) {
		if !post.has(job.Tag) {
			return nil, nil
		}
		return func(p *Post) error { p.retag(job.Tag, job.Into); return nil }, nil
	})
	return err
}

// prepare claims the tags of a job, and makes posts get the new tag from now on. A job that cannot have its tags is refused.
func (t *Tagging) prepare(ctx context.Context, job Job) (Job, error) {
	if job.State == Asked {
		reason, err := t.claim(ctx, job)
		if err != nil {
			return job, err
		}
		job, err = t.Jobs.Update(ctx, job.ID, func(j *Job) error {
			switch {
			case j.State != Asked: // another process was quicker
			case reason != "":
				j.State, j.Reason, j.EndedAt = Refused, reason, t.Now()
			default:
				j.State = Claimed
			}
			return nil
		})
		if err != nil {
			return job, err
		}
	}
	if job.State != Claimed {
		return job, nil
	}
	if err := t.point(ctx, job); err != nil {
		return job, err
	}
	return t.Jobs.Update(ctx, job.ID, func(j *Job) error {
		if j.State == Claimed {
			j.State, j.Since = Running, t.Now()
		}
		return nil
	})
}

// claim makes both tags belong to the job, in the order of their names, so that of two jobs that want the same tags one gets
// them. The reason says which job has one of them already.
func (t *Tagging) claim(ctx context.Context, job Job) (reason string, err error) {
	names := []string{job.Tag}
	if job.Into != "" {
		names = append(names, job.Into)
	}
	slices.Sort(names)
	for _, name := range names {
		for err = errMoved; errors.Is(err, errMoved); {
			reason, err = t.claimOne(ctx, name, job)
		}
		if reason != "" || err != nil {
			return reason, err
		}
	}
	return "", nil
}

// claimOne claims a tag. Several merges may have the same tag to move posts to, but no job moves posts from there meanwhile.
func (t *Tagging) claimOne(ctx context.Context, name string, job Job) (reason string, err error) {
	tag, err := t.Tags.Get(ctx, name)
	if err != nil {
		return "", err
	}
	others, err := t.Jobs.GetEach(ctx, append([]string{tag.Job}, tag.Joining...))
	if err != nil {
		return "", err
	}
	joining := []string{}
	for _, other := range others {
		switch {
		case other.Over() || other.ID == job.ID:
		case other.Tag == name || job.Tag == name || job.Kind == Rename:
			return inTheWay(name, other), nil
		default:
			joining = append(joining, other.ID)
		}
	}
	_, err = t.Tags.Upsert(ctx, name, func(stored *Tag) error {
		if stored.Job != tag.Job || !slices.Equal(stored.Joining, tag.Joining) {
			return errMoved
		}
		if stored.Joining = joining; name == job.Tag {
			stored.Job = job.ID
		} else {
			stored.Joining = append(joining, job.ID)
		}
		return nil
	})
	return "", err
}

// point makes posts get the new tag in place of the old one from now on, see Stores.current.
func (t *Tagging) point(ctx context.Context, job Job) error {
	tag, err := t.Tags.Get(ctx, job.Tag)
	if err != nil {
		return err
	}
	if job.Into != "" {
		_, err = t.Tags.Upsert(ctx, job.Into, func(into *Tag) error {
			into.Into = ""
			switch {
			case job.Description != nil:
				into.Description = *job.Description
			case into.Description == "":
				into.Description = tag.Description
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	_, err = t.Tags.Upsert(ctx, job.Tag, func(tag *Tag) error {
		if job.Kind == Remove {
			tag.Dropped = tag.Into == ""
		} else {
			tag.Into = job.Into
		}
		return nil
	})
	return err
}

// finish ends a job.
func (t *Tagging) finish(ctx context.Context, job Job) (Job, error) {
	_, err := t.Tags.Upsert(ctx, job.Tag, func(tag *Tag) error {
		tag.Description, tag.Dropped = "", false
		if job.Kind == Remove {
			tag.Into = ""
		}
		return nil
	})
	if err != nil {
		return job, err
	}
	return t.Jobs.Update(ctx, job.ID, func(j *Job) error {
		if !j.Over() {
			j.State, j.EndedAt = Done, t.Now()
		}
		return nil
	})
}
