package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/notification/internal/domain"
)

// Editors implements domain.EditorStore: one document. There are few editors.
type Editors struct{ documents *sidecar.Documents[editors] }

type editors struct {
	ByID map[string]domain.Editor `json:"byId"`
}

// everyone is the id of the document.
const everyone = "all"

// NewEditors returns the editors in the store behind a sidecar.
func NewEditors(s *sidecar.Sidecar) *Editors {
	return &Editors{sidecar.NewDocuments[editors](s, store, "editors")}
}

// Get implements domain.EditorStore.
func (r *Editors) Get(ctx context.Context) (map[string]domain.Editor, error) {
	found, err := r.documents.Find(ctx, everyone)
	return found.Value.ByID, err
}

// Update implements domain.EditorStore.
func (r *Editors) Update(ctx context.Context, change func(map[string]domain.Editor)) error {
	_, err := r.documents.Upsert(ctx, everyone, func(stored *editors) error {
		if stored.ByID == nil {
			stored.ByID = map[string]domain.Editor{}
		}
		change(stored.ByID)
		return nil
	})
	return err
}
