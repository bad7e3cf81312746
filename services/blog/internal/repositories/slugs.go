package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
)

// Slugs implements domain.SlugStore: a document for each slug. It is never deleted.
type Slugs struct{ slugs *sidecar.Documents[slug] }

type slug struct {
	PostID string `json:"postId"`
}

// NewSlugs returns the slugs in the sidecar's store.
func NewSlugs(s *sidecar.Sidecar) *Slugs {
	return &Slugs{sidecar.NewDocuments[slug](s, store, "slug")}
}

// Claim implements domain.SlugStore.
func (r *Slugs) Claim(ctx context.Context, text, postID string) (owner string, err error) {
	owner, err = r.Owner(ctx, text)
	if err != nil || owner != "" {
		return owner, err
	}
	err = r.slugs.Create(ctx, text, slug{postID}, 0)
	if errs.Is(err, errs.Conflict) { // another post was quicker
		return r.Owner(ctx, text)
	}
	return postID, err
}

// Owner implements domain.SlugStore.
func (r *Slugs) Owner(ctx context.Context, text string) (postID string, err error) {
	found, err := r.slugs.Find(ctx, text)
	return found.Value.PostID, err
}
