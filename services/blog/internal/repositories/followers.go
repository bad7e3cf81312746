package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Followers implements domain.FollowStore: a document for each account that follows something, and a list of the followers of each
// author and tag.
type Followers struct {
	*collection[domain.Following]
}

// NewFollowers returns the followers in the sidecar's store.
func NewFollowers(s *sidecar.Sidecar) *Followers {
	missing := func() error { return errs.New(errs.NotFound, "this account follows nothing") }
	return &Followers{newCollection(s, "following", "followers", (*domain.Following).Lists, missing)}
}

// Get implements domain.FollowStore.
func (r *Followers) Get(ctx context.Context, accountID string) (domain.Following, error) {
	found, err := r.documents.Find(ctx, accountID)
	return found.Value, err
}

// Upsert implements domain.FollowStore.
func (r *Followers) Upsert(ctx context.Context, accountID string, change func(*domain.Following) error) (domain.Following, error) {
	return r.collection.Upsert(ctx, accountID, func(f *domain.Following) error {
		f.ID = accountID
		return change(f)
	})
}

// Part implements domain.FollowStore.
func (r *Followers) Part(ctx context.Context, list string, n, size int64) ([]domain.Following, error) {
	// Who has left the list may be one who followed a tag that was renamed.
	return r.lists.Part(ctx, list, n, size, nil)
}

// Parts implements domain.FollowStore.
func (r *Followers) Parts(ctx context.Context, list string, size int64) (int64, error) {
	return r.lists.Parts(ctx, list, size)
}

// Announcements implements domain.AnnouncementStore: a document for each post that was public, and a list of those that run.
type Announcements struct {
	*collection[domain.Announcement]
}

// NewAnnouncements returns the announcements in the sidecar's store.
func NewAnnouncements(s *sidecar.Sidecar) *Announcements {
	return &Announcements{newCollection(s, "announcement", "announcements", (*domain.Announcement).Lists, domain.NotFound)}
}

// Unfinished implements domain.AnnouncementStore.
func (r *Announcements) Unfinished(ctx context.Context, cursor string, limit int) ([]domain.Announcement, string, error) {
	return r.lists.Page(ctx, domain.Unfinished, cursor, limit, r.on(domain.Unfinished))
}
