package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/inventory/internal/domain"
)

// Pictures implements domain.PictureStore: a document for each product that has, or had, a picture.
type Pictures struct {
	documents *sidecar.Documents[domain.Picture]
}

// NewPictures returns the pictures in the store behind a sidecar.
func NewPictures(s *sidecar.Sidecar) *Pictures {
	return &Pictures{sidecar.NewDocuments[domain.Picture](s, store, "picture")}
}

// Find implements domain.PictureStore.
func (p *Pictures) Find(ctx context.Context, productID string) (domain.Picture, error) {
	found, err := p.documents.Find(ctx, productID)
	return found.Value, err
}

// Put implements domain.PictureStore.
func (p *Pictures) Put(ctx context.Context, productID string, picture domain.Picture) error {
	_, err := p.documents.Upsert(ctx, productID, func(stored *domain.Picture) error {
		*stored = picture
		return nil
	})
	return err
}
