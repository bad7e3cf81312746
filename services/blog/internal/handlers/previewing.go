package handlers

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

// previewing is the operation that shows a text before it is stored.
func previewing(role []map[string][]string, tags []string) huma.Operation {
	return huma.Operation{
		OperationID: "preview-post", Method: http.MethodPost, Path: base + "/author/id/{id}/preview", MaxBodyBytes: postBody,
		DefaultStatus: http.StatusOK, Summary: "Show what a text would look like", Tags: tags, Security: role,
		Description: "It stores nothing. With `compare`, it tells what differs from the text of the post, such as one that another page has saved.",
		Responses:   web.Refusals(map[int]string{http.StatusUnprocessableEntity: "`text` cannot be shown, or has the character U+0000"}),
	}
}

// preview is what readers would get of a text.
type preview struct {
	Article
	Words       int `json:"words"`
	ReadingTime int `json:"readingTime" doc:"In minutes"`
	// Changes are there if they were asked for.
	Changes *difference `json:"changes,omitempty" doc:"What differs from the text of the post; absent unless it was asked for"`
}

// difference is what differs between two texts.
type difference struct {
	Added   int   `json:"added" doc:"How many words are only in the new text"`
	Removed int   `json:"removed" doc:"How many words are only in the old text"`
	Rows    []row `json:"rows" nullable:"false" doc:"The old and the new text side by side"`
}

type (
	previewInput struct {
		ByID
		Body struct {
			Text    string `json:"text" maxLength:"50000" doc:"Markdown"`
			Compare bool   `json:"compare,omitempty" doc:"Whether to tell what differs from the text of the post"`
		}
	}
	previewOutput struct{ Body preview }
)

func (h authoring) preview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	made, err := h.posts.Preview(ctx, identity.CallerOf(ctx).ID, in.ID, in.Body.Text, in.Body.Compare)
	if err != nil {
		return nil, err
	}
	body := preview{Article: articleOf(made.Article), Words: made.Article.Words, ReadingTime: made.Article.ReadingTime}
	if in.Body.Compare {
		d := differenceOf(made.Difference)
		body.Changes = &d
	}
	return &previewOutput{body}, nil
}
