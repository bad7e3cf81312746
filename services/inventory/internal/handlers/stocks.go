package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/inventory/internal/domain"
)

// stocks handles requests about the stock of products.
type stocks struct {
	stock *domain.Stock
}

// adjustment is a change of stock as the API shows it.
type adjustment struct {
	ID     string    `json:"id" format:"uuid"`
	Change int64     `json:"change" doc:"Pieces that were added, or removed if negative"`
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by" doc:"The account that changed the stock"`
	At     time.Time `json:"at"`
	Stock  int64     `json:"stock" doc:"Pieces in stock afterwards"`
}

func adjustmentOf(a domain.Adjustment) adjustment {
	return adjustment{ID: a.ID, Change: a.Change, Reason: a.Reason, By: a.By, At: a.At, Stock: a.Stock}
}

type (
	adjustInput struct {
		IDInput
		web.Idempotency
		Body newAdjustment
	}
	// newAdjustment is the body that changes the stock.
	newAdjustment struct {
		Change int64  `json:"change" minimum:"-1000000" maximum:"1000000" doc:"Pieces to add, or to remove if negative"`
		Reason string `json:"reason,omitempty" maxLength:"200" pattern:"^[^\\x00]*$" patternDescription:"a text without the character U+0000" doc:"Shown in the list of changes"`
	}
	adjustmentsInput struct {
		IDInput
		web.Page
	}
	adjustmentsOutput struct{ Body web.Listing[adjustment] }
)

// adjust changes the stock. The id of the change follows from the key, the caller and the product.
func (h stocks) adjust(ctx context.Context, in *adjustInput) (*productOutput, error) {
	caller := identity.CallerOf(ctx)
	return answer(h.stock.Adjust(ctx, domain.Adjustment{
		ID: ids.ForRequest("adjustment of "+in.ID, caller.ID, in.Key), ProductID: in.ID,
		Change: in.Body.Change, Reason: in.Body.Reason, By: caller.ID, At: clock(),
	}))
}

func (h stocks) list(ctx context.Context, in *adjustmentsInput) (*adjustmentsOutput, error) {
	found, next, err := h.stock.History(ctx, in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &adjustmentsOutput{Body: web.ListingOf(found, next, adjustmentOf)}, nil
}
