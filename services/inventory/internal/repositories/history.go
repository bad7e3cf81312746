package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/inventory/internal/domain"
)

// History implements domain.History: a document for each adjustment, and a list for each product.
type History struct {
	adjustments *sidecar.Documents[domain.Adjustment]
	lists       *sidecar.Lists[domain.Adjustment]
}

// NewHistory returns the history in the store behind a sidecar.
func NewHistory(s *sidecar.Sidecar) *History {
	adjustments := sidecar.NewDocuments[domain.Adjustment](s, store, "adjustment")
	return &History{adjustments: adjustments, lists: sidecar.NewLists(adjustments, "adjustments-of")}
}

// Find implements domain.History.
func (h *History) Find(ctx context.Context, id string) (domain.Adjustment, error) {
	found, err := h.adjustments.Find(ctx, id)
	return found.Value, err
}

// Store implements domain.History. The list is first, so every stored adjustment is listed.
func (h *History) Store(ctx context.Context, a domain.Adjustment) error {
	known, err := h.adjustments.Find(ctx, a.ID)
	if err != nil || known.Exists() {
		return err
	}
	if err := h.lists.Add(ctx, a.ProductID, a.ID); err != nil {
		return err
	}
	err = h.adjustments.Create(ctx, a.ID, a, 0)
	if errs.Is(err, errs.Conflict) {
		return nil // another request has stored it
	}
	return err
}

// List implements domain.History.
func (h *History) List(ctx context.Context, productID, cursor string, limit int) ([]domain.Adjustment, string, error) {
	return h.lists.Page(ctx, productID, cursor, limit, nil)
}
