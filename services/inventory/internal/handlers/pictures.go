package handlers

import (
	"context"
	"encoding/base64"
	"fmt"

	"stoa/pkg/common/errs"
	"stoa/services/inventory/internal/domain"
)

// illustrating handles requests about the pictures of products.
type illustrating struct{ pictures *domain.Pictures }

// pictureOf is the address of the picture of a product, "" without one.
func pictureOf(p domain.Product) string {
	if p.Picture == "" {
		return ""
	}
	return fmt.Sprintf("/api/v1/products/%s/picture/%s", p.ID, p.Picture)
}

type (
	setPictureInput struct {
		IDInput
		Body struct {
			Image string `json:"image" encoding:"base64" doc:"The file, in base64: a JPEG, PNG, GIF, WebP or SVG of at most 1 MB"`
		}
	}
	getPictureInput struct {
		IDInput
		Version string `path:"version" pattern:"^[0-9a-f]{16}$" patternDescription:"16 digits and letters from a to f" doc:"The version of the picture; the present one is shown in any case"`
	}
	pictureOutput struct {
		ContentType  string `header:"Content-Type"`
		CacheControl string `header:"Cache-Control"`
		Policy       string `header:"Content-Security-Policy" doc:"A drawing that is opened by itself runs no code and loads nothing"`
		Sniffing     string `header:"X-Content-Type-Options"`
		Body         []byte
	}
)

// How long a picture may be kept: for ever under its own address, by gateways and CDNs for an hour, since it may be removed; and for a moment
// under another address, which is that of an earlier picture, or of one that its product is about to name.
const (
	keptForEver    = "public, max-age=31536000, s-maxage=3600, immutable"
	keptForAMoment = "public, max-age=1"
)

func (h illustrating) set(ctx context.Context, in *setPictureInput) (*productOutput, error) {
	file, err := base64.StdEncoding.DecodeString(in.Body.Image)
	if err != nil {
		return nil, errs.InvalidField("image", "must be in base64")
	}
	return answer(h.pictures.Set(ctx, in.ID, file, clock()))
}

func (h illustrating) remove(ctx context.Context, in *IDInput) (*struct{}, error) {
	return nil, h.pictures.Remove(ctx, in.ID, clock())
}

func (h illustrating) get(ctx context.Context, in *getPictureInput) (*pictureOutput, error) {
	found, err := h.pictures.Show(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	kept := keptForEver
	if found.Version != in.Version {
		kept = keptForAMoment
	}
	return &pictureOutput{
		ContentType: found.Type, CacheControl: kept, Policy: "default-src 'none'; style-src 'unsafe-inline'; sandbox", Sniffing: "nosniff",
		Body: found.Data,
	}, nil
}
