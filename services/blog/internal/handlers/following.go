package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/blog/internal/domain"
)

// following handles requests of those who want to be told of new posts.
type following struct{ follows *domain.Follows }

// Followed is what somebody follows.
type Followed struct {
	Author *author   `json:"author,omitempty" doc:"An author; one who has left is a deleted account"`
	Tag    string    `json:"tag,omitempty" doc:"Or a tag"`
	Since  time.Time `json:"since"`
}

func followedOf(f domain.Followed) Followed {
	view := Followed{Tag: f.Tag, Since: f.Since}
	if f.Tag == "" {
		who := authorOf(f.Author)
		view.Author = &who
	}
	return view
}

type (
	byAccountInput struct {
		ID string `path:"id" format:"uuid" doc:"The id of the author"`
	}
	followedOutput  struct{ Body Followed }
	followingOutput struct{ Body web.Listing[Followed] }
)

func (h following) list(ctx context.Context, _ *struct{}) (*followingOutput, error) {
	all, err := h.follows.List(ctx, identity.CallerOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	return &followingOutput{web.ListingOf(all, "", followedOf)}, nil
}

func (h following) followAuthor(ctx context.Context, in *byAccountInput) (*followedOutput, error) {
	return shownFollow(h.follows.FollowAuthor(ctx, writerOf(ctx), in.ID, intentOf(ctx, web.IfMatch{}).Now))
}

func (h following) followTag(ctx context.Context, in *ByTag) (*followedOutput, error) {
	return shownFollow(h.follows.FollowTag(ctx, writerOf(ctx), in.Tag, intentOf(ctx, web.IfMatch{}).Now))
}

func shownFollow(f domain.Followed, err error) (*followedOutput, error) {
	if err != nil {
		return nil, err
	}
	return &followedOutput{followedOf(f)}, nil
}

func (h following) unfollowAuthor(ctx context.Context, in *byAccountInput) (*struct{}, error) {
	return nil, h.follows.UnfollowAuthor(ctx, identity.CallerOf(ctx).ID, in.ID)
}

func (h following) unfollowTag(ctx context.Context, in *ByTag) (*struct{}, error) {
	return nil, h.follows.UnfollowTag(ctx, identity.CallerOf(ctx).ID, in.Tag)
}
