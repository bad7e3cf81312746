package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/web"
	"stoa/services/blog/internal/domain"
)

// review handles requests of editors.
type review struct{ posts *domain.Review }

// examined is a post as an editor sees it.
type examined struct {
	Work
	Article
	Revision int64  `json:"revision" doc:"The revision that is shown"`
	Text     string `json:"text" doc:"Markdown"`
	// Changes are what differs from what readers see now.
	Changes *changes `json:"changes,omitempty" doc:"What differs from what readers see now; absent if they see nothing, or the same"`
}

// changes are the differences between what is submitted and what is published.
type changes struct {
	Before  Content `json:"before" doc:"What readers see now"`
	Added   int     `json:"added" doc:"How many words are only in the new text"`
	Removed int     `json:"removed" doc:"How many words are only in the old text"`
	Rows    []row   `json:"rows" nullable:"false" doc:"The old and the new text side by side"`
}

func differenceOf(d domain.Difference) difference {
	view := difference{Added: d.Added, Removed: d.Removed, Rows: make([]row, len(d.Rows))}
	for i, r := range d.Rows {
		view.Rows[i] = row{spansOf(r.Old), spansOf(r.New)}
	}
	return view
}

// row is a passage in both texts.
type row struct {
	Old []span `json:"old" nullable:"false"`
	New []span `json:"new" nullable:"false"`
}

// span is a piece of a passage.
type span struct {
	Text    string `json:"text"`
	Changed bool   `json:"changed,omitempty" doc:"Whether the other text does not have it"`
}

func changesOf(x domain.Examined) *changes {
	if x.Before == nil {
		return nil
	}
	d := differenceOf(x.Difference)
	return &changes{Before: contentOf(x.Post.ID, *x.Before), Added: d.Added, Removed: d.Removed, Rows: d.Rows}
}

func spansOf(all []domain.Span) []span {
	views := make([]span, len(all))
	for i, s := range all {
		views[i] = span(s)
	}
	return views
}

type (
	publishInput struct {
		Decision
		Body *struct {
			PublishAt *time.Time `json:"publishAt,omitempty" doc:"When readers get it; at once if it is absent or past"`
		}
	}
	refuseInput struct {
		Decision
		Body struct {
			Note string `json:"note" minLength:"3" maxLength:"2000" pattern:"^[^\\x00]*[^\\s\\x00][^\\x00]*$" patternDescription:"not only spaces, and without the character U+0000" doc:"What the author has to change" example:"Please say where the figures come from."`
		}
	}
	unpublishInput struct {
		Decision
		Body *struct {
			Note string `json:"note,omitempty" maxLength:"2000" pattern:"^[^\\x00]*$" patternDescription:"a text without the character U+0000" doc:"Why"`
		}
	}
	examinedOutput struct {
		ETag string `header:"ETag"`
		Body examined
	}
	workOutput struct {
		ETag string `header:"ETag"`
		Body Work
	}
)

func (h review) get(ctx context.Context, in *ByID) (*examinedOutput, error) {
	x, err := h.posts.Examine(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &examinedOutput{domain.ETag(x.Post.Version), examined{
		Work: workOf(x.Entry, x.Content), Article: articleOf(x.Article),
		Revision: x.Revision, Text: x.Content.Text, Changes: changesOf(x),
	}}, nil
}

func (h review) publish(ctx context.Context, in *publishInput) (*workOutput, error) {
	intent := intentOf(ctx, in.IfMatch)
	at := intent.Now
	if in.Body != nil && in.Body.PublishAt != nil {
		at = in.Body.PublishAt.UTC()
	}
	return decided(h.posts.PublishAt(ctx, in.ID, at, intent))
}

func (h review) refuse(ctx context.Context, in *refuseInput) (*workOutput, error) {
	intent := intentOf(ctx, in.IfMatch)
	intent.Note = in.Body.Note
	return decided(h.posts.Refuse(ctx, in.ID, intent))
}

func (h review) unpublish(ctx context.Context, in *unpublishInput) (*workOutput, error) {
	intent := intentOf(ctx, in.IfMatch)
	if in.Body != nil {
		intent.Note = in.Body.Note
	}
	return decided(h.posts.Unpublish(ctx, in.ID, intent))
}

func decided(s domain.Shown, err error) (*workOutput, error) {
	if err != nil {
		return nil, err
	}
	return &workOutput{domain.ETag(s.Post.Version), workOf(s.Entry, s.Content)}, nil
}

func (h review) submitted(ctx context.Context, in *web.Page) (*worksOutput, error) {
	entries, next, err := h.posts.Submitted(ctx, in.Cursor, in.Limit)
	return works(entries, next, err, submittedOf)
}

func (h review) published(ctx context.Context, in *web.Page) (*worksOutput, error) {
	entries, next, err := h.posts.Published(ctx, in.Cursor, in.Limit)
	return works(entries, next, err, publishedOf)
}
