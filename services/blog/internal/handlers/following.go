package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/blog/internal/domain"
)

// following handles requests of those who want to be told of new posts.
type following struct{ follows *domain.Follows }

// followers adds what everyone with a verified address may follow: they are told by mail.
func followers(api huma.API, h following) {
	signedIn, verified, tags := identity.SignedIn(), identity.Verified(), []string{"following"}
	operation := func(id, method, path, summary string, who []map[string][]string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: base + "/following" + path, Summary: summary, Tags: tags, Security: who,
			Responses: web.Refusals(map[int]string{}),
		}
	}
	list := operation("list-following", http.MethodGet, "", "List what you follow, the latest first", signedIn)
	huma.Register(api, list, h.list)

	// The same request again changes nothing.
	const full = "You follow 200 authors and tags already"
	author := operation("follow-author", http.MethodPut, "/authors/{id}", "Follow an author: be told of new posts", verified)
	author.Responses = web.Refusals(map[int]string{http.StatusConflict: full, http.StatusUnprocessableEntity: "`id` is your own"})
	huma.Register(api, author, h.followAuthor)
	tag := operation("follow-tag", http.MethodPut, "/tags/{tag}", "Follow a tag: be told of new posts", verified)
	tag.Description = "A former name of a tag is the tag of now. When a tag is renamed or merged, its followers follow the new one."
	tag.Responses = web.Refusals(map[int]string{http.StatusConflict: full})
	huma.Register(api, tag, h.followTag)

	// They succeed whether there is something to end or not.
	huma.Register(api, operation("unfollow-author", http.MethodDelete, "/authors/{id}", "Follow an author no longer", signedIn), h.unfollowAuthor)
	huma.Register(api, operation("unfollow-tag", http.MethodDelete, "/tags/{tag}", "Follow a tag no longer", signedIn), h.unfollowTag)
}

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
