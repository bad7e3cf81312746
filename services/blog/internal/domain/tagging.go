package domain

import (
	"context"
	"fmt"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/names"
)

// Tagging is what editors do with tags. Whatever changes posts is a job.
type Tagging struct {
	*Workflow
	// Now is the clock.
	Now func() time.Time
}

// NewTagging returns the tags of the posts of a workflow.
func NewTagging(workflow *Workflow) *Tagging {
	return &Tagging{workflow, func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
}

// maxDescribed is how many letters the description of a tag has at most.
const maxDescribed = 500

// TagEdit is what an editor changes about a tag. A nil field changes nothing.
type TagEdit struct{ Name, Description *string }

// Edit changes what readers learn about a tag, which may be new. Another name needs a job, which it begins.
func (t *Tagging) Edit(ctx context.Context, typed string, edit TagEdit, by string) (Tag, *Job, error) {
	name := t.texts.Tag(typed)
	if name == "" {
		return Tag{}, nil, NoTag()
	}
	if edit.Description != nil && *edit.Description != "" {
		clean, problem := names.Clean(*edit.Description, minLine, maxDescribed)
		if problem != "" {
			return Tag{}, nil, errs.InvalidField("description", "%s", problem)
		}
		edit.Description = &clean
	}
	if edit.Name != nil && t.texts.Tag(*edit.Name) != name {
		job, err := t.Rename(ctx, name, *edit.Name, edit.Description, by)
		if err != nil {
			return Tag{}, nil, err
		}
		tag, err := t.Tags.Get(ctx, name)
		return tag, &job, err
	}
	if edit.Description == nil {
		tag, err := t.known(ctx, name)
		return tag, nil, err
	}
	tag, err := t.describe(ctx, name, *edit.Description)
	return tag, nil, err
}

// describe sets the description of a tag. It fails with errs.Conflict while a job takes the tag away: that would lose it.
func (t *Tagging) describe(ctx context.Context, name, description string) (Tag, error) {
	seen, err := t.Tags.Get(ctx, name)
	if err != nil {
		return Tag{}, err
	}
	latest, err := t.Jobs.GetEach(ctx, []string{seen.Job})
	if err != nil {
		return Tag{}, err
	}
	for _, job := range latest {
		if !job.Over() {
			return Tag{}, errs.New(errs.Conflict, "%s", inTheWay(name, job))
		}
	}
	return t.Tags.Upsert(ctx, name, func(tag *Tag) error {
		switch {
		case tag.Into != "":
			return became(*tag)
		case tag.Job != seen.Job:
			return errs.New(errs.Conflict, "a job has begun to change the tag %s", name)
		}
		tag.Description = description
		return nil
	})
}

// Rename begins to replace a tag by another name, which no other tag has. A nil description leaves the tag its own. The same
// request again returns the same job.
func (t *Tagging) Rename(ctx context.Context, typed, name string, description *string, by string) (Job, error) {
	tag, err := t.known(ctx, typed)
	if err != nil {
		return Job{}, err
	}
	into := t.texts.Tag(name)
	if into == "" || into == tag.Name {
		return Job{}, errs.InvalidField("name", "must be another tag of at most 50 letters and digits")
	}
	job := Job{Kind: Rename, Tag: tag.Name, Into: into, Description: description, By: by}
	return t.begin(ctx, tag, job, func() error {
		if tag.Into != "" {
			return became(tag)
		}
		other, exists, err := t.find(ctx, into)
		if err != nil {
			return err
		}
		now, err := t.current(ctx, []string{into})
		switch {
		case err != nil:
			return err
		case slices.Contains(now, tag.Name): // it gets a former name again
			return nil
		case other.Into != "":
			return became(other)
		case exists:
			return errs.New(errs.Conflict, "there is a tag %s: merge %s into it", into, tag.Name)
		}
		return nil
	})
}

// Merge begins to replace a tag by another one that exists. The same request again returns the same job.
func (t *Tagging) Merge(ctx context.Context, typed, other, by string) (Job, error) {
	tag, err := t.known(ctx, typed)
	if err != nil {
		return Job{}, err
	}
	into, exists, err := t.find(ctx, other)
	if err != nil {
		return Job{}, err
	}
	if !exists || into.Name == tag.Name {
		return Job{}, errs.InvalidField("into", "must be another tag that exists")
	}
	return t.begin(ctx, tag, Job{Kind: Merge, Tag: tag.Name, Into: into.Name, By: by}, func() error {
		if tag.Into != "" {
			return became(tag)
		}
		if into.Into != "" {
			return became(into)
		}
		return nil
	})
}

// Remove begins to take a tag away from all posts. Afterwards, authors may use it again. The former name of a renamed tag is a
// tag of its own again. The same request again returns the same job, while it runs.
func (t *Tagging) Remove(ctx context.Context, typed, by string) (Job, error) {
	tag, err := t.known(ctx, typed)
	if err != nil {
		return Job{}, err
	}
	return t.begin(ctx, tag, Job{Kind: Remove, Tag: tag.Name, By: by}, func() error { return nil })
}

// Watch returns a job.
func (t *Tagging) Watch(ctx context.Context, id string) (Job, error) {
	job, err := t.Jobs.Get(ctx, id)
	if err != nil || job.Over() {
		return job, err
	}
	tag, err := t.Tags.Get(ctx, job.Tag)
	job.Left = tag.Count
	return job, err
}

// begin begins a job about a tag, unless the same job is running, or was the last one. check says whether the job is possible.
func (t *Tagging) begin(ctx context.Context, tag Tag, job Job, check func() error) (Job, error) {
	latest, err := t.Jobs.GetEach(ctx, []string{tag.Job})
	if err != nil {
		return Job{}, err
	}
	for _, j := range latest {
		if j.does(job) && (!j.Over() || j.State == Done && tag.Into != "" && tag.Into == job.Into) {
			j.Left = tag.Count
			return j, nil
		}
	}
	if err := check(); err != nil {
		return Job{}, err
	}
	job.ID, job.At, job.State = ids.New(), t.Now(), Asked
	if err := t.Jobs.Create(ctx, job); err != nil {
		return Job{}, err
	}
	job, err = t.prepare(ctx, job)
	if err == nil && job.State == Refused {
		err = errs.New(errs.Conflict, "%s", job.Reason)
	}
	job.Left = tag.Count
	return job, err
}

// known returns a tag that exists, or an earlier name of one.
func (t *Tagging) known(ctx context.Context, typed string) (Tag, error) {
	tag, exists, err := t.find(ctx, typed)
	if err == nil && !exists {
		err = NoTag()
	}
	return tag, err
}

// find returns a tag and whether it exists for editors: drafts may have it.
func (t *Tagging) find(ctx context.Context, typed string) (tag Tag, exists bool, err error) {
	name := t.texts.Tag(typed)
	return t.findTag(ctx, name, Tagged(name), Wanting(name))
}

// findTag returns a tag and whether it exists: whether it is known, a job is giving it to posts, or a post on one of these lists
// has it.
func (s Stores) findTag(ctx context.Context, name string, lists ...string) (tag Tag, exists bool, err error) {
	if name == "" {
		return Tag{}, false, nil
	}
	tag, err = s.Tags.Get(ctx, name)
	exists = tag.Listed() || tag.Into != ""
	if err == nil && !exists && len(tag.Joining) > 0 {
		var jobs []Job
		jobs, err = s.Jobs.GetEach(ctx, tag.Joining)
		exists = slices.ContainsFunc(jobs, func(j Job) bool { return !j.Over() })
	}
	for _, list := range lists {
		if err == nil && !exists {
			var posts []Post
			posts, _, err = s.Posts.List(ctx, list, "", 1)
			exists = len(posts) > 0
		}
	}
	return tag, exists, err
}

// NoTag is the error for a tag that does not exist.
func NoTag() error { return errs.New(errs.NotFound, "there is no such tag") }

func became(tag Tag) error {
	return errs.New(errs.Conflict, "%s is the former name of %s", tag.Name, tag.Into)
}

// inTheWay says which job another one cannot begin beside.
func inTheWay(tag string, other Job) string {
	return fmt.Sprintf("another job changes the tag %s: %s", tag, other.ID)
}
