package handlers

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/blog/internal/domain"
)

// authoring handles requests of authors about their own posts.
type authoring struct{ posts *domain.Authoring }

// draft is what an author changes.
type draft struct {
	Title *string `json:"title,omitempty" minLength:"3" maxLength:"500" example:"What a till taught us about events"`
	Rest
}

// Rest is what an author may leave out of a new draft.
type Rest struct {
	Description *string   `json:"description,omitempty" maxLength:"2000" doc:"What the post is about, on one line" example:"A week of orders, counted twice."`
	Text        *string   `json:"text,omitempty" maxLength:"50000" doc:"Markdown"`
	Slug        *string   `json:"slug,omitempty" maxLength:"200" doc:"Part of the address, made of the title if it is empty. It is stored in lower case, with hyphens between words" example:"what-a-till-taught-us"`
	ImgURL      *string   `json:"imgUrl,omitempty" maxLength:"2000" doc:"The URL of the cover image; empty for none" example:"https://example.org/till.jpg"`
	Tags        *[]string `json:"tags,omitempty" maxItems:"10" doc:"Stored in upper case, with hyphens between words"`
}

func (d draft) edit() domain.Edit {
	return domain.Edit{Title: d.Title, Description: d.Description, Text: d.Text, Slug: d.Slug, ImageURL: d.ImgURL, Tags: d.Tags}
}

// ownPost is a post as its author sees it, with the text of the draft, or else of what is submitted or published.
type ownPost struct {
	Work
	Text string `json:"text" doc:"Markdown"`
}

// Revision is what an author has submitted once.
type Revision struct {
	Content
	Revision int64     `json:"revision"`
	At       time.Time `json:"at"`
}

func revisionOf(r domain.Revision) Revision {
	return Revision{Content: contentOf(r.PostID, r.Content), Revision: r.Number, At: r.At}
}

// fullRevision is a revision with its text.
type fullRevision struct {
	Revision
	Text string `json:"text" doc:"Markdown"`
}

type (
	createInput struct {
		web.Idempotency
		Body newDraft
	}
	editInput struct {
		ByID
		web.IfMatch
		Body draft
	}
	// Decision is a request about a version of a post.
	Decision struct {
		ByID
		web.IfMatch
	}
	revisionsInput struct {
		ByID
		web.Page
	}
	// ByNumber names a revision.
	ByNumber struct {
		ByID
		Revision string `path:"revision" pattern:"^[1-9][0-9]{0,14}$" patternDescription:"a number" doc:"The number of the revision"`
	}
	restoreInput struct {
		ByNumber
		web.IfMatch
	}

	createOutput struct {
		Location string `header:"Location"`
		ETag     string `header:"ETag"`
		Body     ownPost
	}
	ownOutput struct {
		ETag string `header:"ETag"`
		Body ownPost
	}
	worksOutput     struct{ Body web.Listing[Work] }
	revisionsOutput struct{ Body web.Listing[Revision] }
	revisionOutput  struct{ Body fullRevision }
)

// newDraft is the body that creates a post.
type newDraft struct {
	Title string `json:"title" minLength:"3" maxLength:"500" example:"What a till taught us about events"`
	Rest
}

func (d newDraft) edit() domain.Edit { return draft{&d.Title, d.Rest}.edit() }

// intentOf is what the caller asks for.
func intentOf(ctx context.Context, match web.IfMatch) domain.Intent {
	return domain.Intent{
		By: identity.CallerOf(ctx).ID, IfVersion: domain.VersionOf(match.ETag), Now: time.Now().UTC().Truncate(time.Microsecond),
	}
}

// writerOf is the caller as the author of something.
func writerOf(ctx context.Context) domain.Author {
	caller := identity.CallerOf(ctx)
	return domain.Author{ID: caller.ID, Name: caller.Name, Email: ownAddress(caller.Email, caller.Verified)}
}

func (h authoring) create(ctx context.Context, in *createInput) (*createOutput, error) {
	by := writerOf(ctx)
	id := ids.ForRequest("post", by.ID, in.Key)
	made, err := h.posts.Create(ctx, by, id, ids.Fingerprint(in.Body), in.Body.edit(), intentOf(ctx, web.IfMatch{}))
	if err != nil {
		return nil, err
	}
	return &createOutput{base + "/author/id/" + id, domain.ETag(made.Post.Version), ownOf(made)}, nil
}

func ownOf(o domain.Shown) ownPost {
	return ownPost{Work: workOf(o.Entry, o.Content), Text: o.Content.Text}
}

func own(o domain.Shown, err error) (*ownOutput, error) {
	if err != nil {
		return nil, err
	}
	return &ownOutput{domain.ETag(o.Post.Version), ownOf(o)}, nil
}

func (h authoring) edit(ctx context.Context, in *editInput) (*ownOutput, error) {
	return own(h.posts.Edit(ctx, in.ID, in.Body.edit(), intentOf(ctx, in.IfMatch)))
}

func (h authoring) get(ctx context.Context, in *ByID) (*ownOutput, error) {
	return own(h.posts.Get(ctx, identity.CallerOf(ctx).ID, in.ID))
}

func (h authoring) delete(ctx context.Context, in *Decision) (*struct{}, error) {
	return nil, h.posts.Delete(ctx, in.ID, intentOf(ctx, in.IfMatch))
}

func (h authoring) submit(ctx context.Context, in *Decision) (*ownOutput, error) {
	return own(h.posts.Submit(ctx, in.ID, intentOf(ctx, in.IfMatch)))
}

func (h authoring) withdraw(ctx context.Context, in *Decision) (*ownOutput, error) {
	return own(h.posts.Withdraw(ctx, in.ID, intentOf(ctx, in.IfMatch)))
}

func (h authoring) drafts(ctx context.Context, in *web.Page) (*worksOutput, error) {
	entries, next, err := h.posts.Drafts(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	return works(entries, next, err, draftOf)
}

func (h authoring) submitted(ctx context.Context, in *web.Page) (*worksOutput, error) {
	entries, next, err := h.posts.Submitted(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	return works(entries, next, err, submittedOf)
}

func (h authoring) published(ctx context.Context, in *web.Page) (*worksOutput, error) {
	entries, next, err := h.posts.Published(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	return works(entries, next, err, publishedOf)
}

func works(entries []domain.Entry, next string, err error, view func(domain.Entry) Work) (*worksOutput, error) {
	if err != nil {
		return nil, err
	}
	return &worksOutput{web.ListingOf(entries, next, view)}, nil
}

func (h authoring) revisions(ctx context.Context, in *revisionsInput) (*revisionsOutput, error) {
	found, next, err := h.posts.ListRevisions(ctx, identity.CallerOf(ctx).ID, in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &revisionsOutput{web.ListingOf(found, next, revisionOf)}, nil
}

func (h authoring) revision(ctx context.Context, in *ByNumber) (*revisionOutput, error) {
	found, err := h.posts.Revision(ctx, identity.CallerOf(ctx).ID, in.ID, in.number())
	if err != nil {
		return nil, err
	}
	return &revisionOutput{fullRevision{revisionOf(found), found.Content.Text}}, nil
}

func (in ByNumber) number() int64 {
	number, _ := strconv.ParseInt(in.Revision, 10, 64) // the pattern lets nothing else pass
	return number
}

func (h authoring) restore(ctx context.Context, in *restoreInput) (*ownOutput, error) {
	return own(h.posts.Restore(ctx, in.ID, in.number(), intentOf(ctx, in.IfMatch)))
}
