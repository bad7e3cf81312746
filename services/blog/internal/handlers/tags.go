package handlers

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/blog/internal/domain"
)

// tagging handles requests of editors about tags.
type tagging struct{ tags *domain.Tagging }

// ByTag names a tag.
type ByTag struct {
	Tag string `path:"tag" maxLength:"100" pattern:"^[^/\\\\\\x00-\\x1f]+$" patternDescription:"a tag" doc:"A tag; upper and lower case are the same"`
}

// Tag is a tag as everyone sees it.
type Tag struct {
	Tag         string `json:"tag"`
	Description string `json:"description"`
	Count       int    `json:"count" doc:"How many published posts have it"`
}

func tagOf(t domain.Tag) Tag { return Tag{t.Name, t.Description, t.Count} }

// job is a change of a tag that all posts go through.
type job struct {
	ID      string      `json:"id" format:"uuid"`
	Kind    domain.Kind `json:"kind" enum:"rename,merge,delete"`
	Tag     string      `json:"tag" doc:"What posts lose"`
	Into    string      `json:"into,omitempty" doc:"What they get instead"`
	State   string      `json:"state" enum:"waiting,running,done,refused" doc:"Refused is a job that found another one at work on its tags"`
	Reason  string      `json:"reason,omitempty" doc:"Why it was refused"`
	Changed int         `json:"changed" doc:"How many posts have changed, with drafts"`
	Left    int         `json:"left" doc:"How many published posts have still to change"`
	By      string      `json:"by" format:"uuid" doc:"The editor who asked for it"`
	At      time.Time   `json:"at"`
	EndedAt *time.Time  `json:"endedAt,omitempty"`
}

func jobOf(j domain.Job) job {
	view := job{
		ID: j.ID, Kind: j.Kind, Tag: j.Tag, Into: j.Into, State: string(j.State), Reason: j.Reason,
		Changed: j.Changed, Left: j.Left, By: j.By, At: j.At,
	}
	if !j.Over() && j.State != domain.Running {
		view.State = "waiting"
	}
	if j.Over() {
		view.EndedAt = &j.EndedAt
	}
	return view
}

type (
	editTagInput struct {
		ByTag
		Body struct {
			Name        *string `json:"name,omitempty" maxLength:"100" doc:"Another name for the tag" example:"Golang"`
			Description *string `json:"description,omitempty" maxLength:"500" doc:"What posts with this tag are about; empty for nothing"`
		}
	}
	mergeInput struct {
		ByTag
		Body struct {
			Into string `json:"into" maxLength:"100" doc:"The tag that posts get instead" example:"Go"`
		}
	}
	jobInput struct {
		ID string `path:"id" format:"uuid" doc:"The id of the job"`
	}

	tagsOutput    struct{ Body web.Listing[Tag] }
	editTagOutput struct {
		Status   int
		Location string `header:"Location" doc:"Where the job is watched, for the status 202"`
		Body     Tag
	}
	begunOutput struct {
		Location string `header:"Location" doc:"Where the job is watched"`
		Body     job
	}
	jobOutput struct{ Body job }
)

// watched is where a job is watched.
func watched(j domain.Job) string { return base + "/editor/jobs/" + j.ID }

func (h tagging) edit(ctx context.Context, in *editTagInput) (*editTagOutput, error) {
	edit := domain.TagEdit{Name: in.Body.Name, Description: in.Body.Description}
	tag, job, err := h.tags.Edit(ctx, in.Tag, edit, identity.CallerOf(ctx).ID)
	switch {
	case err != nil:
		return nil, err
	case job != nil:
		return &editTagOutput{Status: http.StatusAccepted, Location: watched(*job), Body: tagOf(tag)}, nil
	}
	return &editTagOutput{Status: http.StatusOK, Body: tagOf(tag)}, nil
}

func (h tagging) merge(ctx context.Context, in *mergeInput) (*begunOutput, error) {
	return begun(h.tags.Merge(ctx, in.Tag, in.Body.Into, identity.CallerOf(ctx).ID))
}

func (h tagging) remove(ctx context.Context, in *ByTag) (*begunOutput, error) {
	return begun(h.tags.Remove(ctx, in.Tag, identity.CallerOf(ctx).ID))
}

func begun(j domain.Job, err error) (*begunOutput, error) {
	if err != nil {
		return nil, err
	}
	return &begunOutput{watched(j), jobOf(j)}, nil
}

func (h tagging) watch(ctx context.Context, in *jobInput) (*jobOutput, error) {
	job, err := h.tags.Watch(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &jobOutput{jobOf(job)}, nil
}

// begins adds to the answers of an operation that it may begin a job.
func begins(api huma.API, responses map[string]*huma.Response) map[string]*huma.Response {
	tag := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Tag](), true, "Tag")
	responses["202"] = &huma.Response{
		Description: "A job has begun; Location is where it is watched", Content: map[string]*huma.MediaType{"application/json": {Schema: tag}},
	}
	return responses
}

// moving adds to the answers of an operation about a tag where that is now.
func moving(o huma.Operation) huma.Operation {
	o.Responses["301"] = &huma.Response{Description: "The tag has another name now, or is part of another"}
	return o
}
