package handlers

import (
	"context"

	"stoa/pkg/common/web"
	"stoa/services/blog/internal/domain"
)

// finding handles searches of everyone.
type finding struct{ posts *domain.Reading }

// hit is a post that was found.
type hit struct {
	Item
	Snippet string `json:"snippet" doc:"An excerpt of the text as HTML that is safe to show as it is, with the words in <mark>"`
}

func hitOf(h domain.Hit) hit { return hit{itemOf(h.Entry), h.Snippet} }

type (
	searchInput struct {
		Q   string `query:"q" required:"true" minLength:"1" maxLength:"200" pattern:"^[^\\x00]*$" patternDescription:"a text without the character U+0000" doc:"Words that a post must have. The last one may be the beginning of a word. What is not a letter or a digit separates words"`
		Tag string `query:"tag" maxLength:"100" pattern:"^[^\\x00]*$" patternDescription:"a tag" doc:"A tag that a post must have; upper and lower case are the same"`
		web.Page
	}
	hitsOutput struct{ Body web.Listing[hit] }
)

func (h finding) search(ctx context.Context, in *searchInput) (*hitsOutput, error) {
	found, next, err := h.posts.Search(ctx, domain.Query{Text: in.Q, Tag: in.Tag, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &hitsOutput{web.ListingOf(found, next, hitOf)}, nil
}
