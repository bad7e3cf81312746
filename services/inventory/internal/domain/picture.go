package domain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"stoa/pkg/common/errs"
)

// MaxPicture is how large the file of a picture may be, in bytes.
const MaxPicture = 1 << 20

// Picture is the picture of a product, as people see it. The zero Picture stands for none.
type Picture struct {
	// Type is the media type of Data.
	Type string `json:"type,omitempty"`
	Data []byte `json:"data,omitempty"`
	// Version follows from Data: another picture has another address, so that nobody has to ask whether it has changed.
	Version string `json:"version,omitempty"`
}

// NewPicture returns a picture.
func NewPicture(mediaType string, data []byte) Picture {
	sum := sha256.Sum256(data)
	return Picture{Type: mediaType, Data: data, Version: hex.EncodeToString(sum[:8])}
}

// PictureStore stores the picture of each product.
type PictureStore interface {
	// Find returns the picture of a product, or the zero Picture.
	Find(ctx context.Context, productID string) (Picture, error)
	// Put stores the picture of a product in the place of the one before.
	Put(ctx context.Context, productID string, p Picture) error
}

// PictureReader reads files of pictures.
type PictureReader interface {
	// Read returns what people see of a file. It fails with errs.Invalid for a file that is not a picture, or too large.
	Read(file []byte) (Picture, error)
}

// Pictures is how products get pictures, and people see them.
//
// A picture has a document of its own, so that the product stays small. It is written first. Then the product gets its version, which it
// reads after the product: of several pictures at once, the product has the version of the one that is stored. What a process that
// dies leaves in between is a picture that is shown under the address of the one before.
type Pictures struct {
	products Products
	store    PictureStore
	reader   PictureReader
}

// NewPictures returns the pictures of these products.
func NewPictures(products Products, store PictureStore, reader PictureReader) *Pictures {
	return &Pictures{products, store, reader}
}

// Set gives a product the picture of a file, and returns the product. It fails like PictureReader.Read, and with errs.NotFound if the
// product was removed or never existed.
func (p *Pictures) Set(ctx context.Context, productID string, file []byte, now time.Time) (Product, error) {
	if _, err := p.products.Get(ctx, productID); err != nil {
		return Product{}, err
	}
	picture, err := p.reader.Read(file)
	if err != nil {
		return Product{}, err
	}
	return p.put(ctx, productID, picture, now)
}

// Remove takes its picture from a product. It fails with errs.NotFound if the product was removed or never existed.
func (p *Pictures) Remove(ctx context.Context, productID string, now time.Time) error {
	if _, err := p.products.Get(ctx, productID); err != nil {
		return err
	}
	_, err := p.put(ctx, productID, Picture{}, now)
	return err
}

func (p *Pictures) put(ctx context.Context, productID string, picture Picture, now time.Time) (Product, error) {
	if err := p.store.Put(ctx, productID, picture); err != nil {
		return Product{}, err
	}
	return p.products.Update(ctx, productID, func(product *Product) error {
		if product.Removed {
			return NotFound()
		}
		stored, err := p.store.Find(ctx, productID)
		if err != nil || product.Picture == stored.Version {
			return err
		}
		product.Picture, product.UpdatedAt = stored.Version, now
		return nil
	})
}

// Show returns the picture of a product, whichever version was asked for. It fails with errs.NotFound if there is none, or the product was
// removed.
func (p *Pictures) Show(ctx context.Context, productID string) (Picture, error) {
	if _, err := p.products.Get(ctx, productID); err != nil {
		return Picture{}, err
	}
	found, err := p.store.Find(ctx, productID)
	if err == nil && found.Version == "" {
		err = errs.New(errs.NotFound, "this product has no picture")
	}
	return found, err
}
