package handlers

import (
	"context"

	"stoa/pkg/common/web"
	"stoa/services/inventory/internal/domain"
)

// finding handles searches of everyone.
type finding struct{ assortment *domain.Assortment }

// hit is a product that was found.
type hit struct {
	Product
	Snippet string `json:"snippet" doc:"An excerpt of the description as HTML that is safe to show as it is, with the words in <mark>"`
}

func hitOf(f domain.Found) hit { return hit{productOf(f.Product), f.Snippet} }

type (
	searchInput struct {
		Q string `query:"q" required:"true" minLength:"1" maxLength:"200" pattern:"^[^\\x00]*$" patternDescription:"a text without the character U+0000" doc:"Words that a product must have, or its SKU. The last one may be the beginning of a word. What is not a letter or a digit separates words"`
		web.Page
	}
	hitsOutput struct{ Body web.Listing[hit] }
)

func (h finding) search(ctx context.Context, in *searchInput) (*hitsOutput, error) {
	found, next, err := h.assortment.Search(ctx, domain.Query{Text: in.Q, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &hitsOutput{web.ListingOf(found, next, hitOf)}, nil
}
