package handlers

import (
	"context"
	"net/http"
	"net/url"

	"stoa/pkg/common/web"
	"stoa/services/blog/internal/domain"
)

// reading handles requests of everyone.
type reading struct{ posts *domain.Reading }

// The inputs and outputs. Embedded types are exported because huma ignores others.
type (
	// ByID names a post.
	ByID struct {
		ID string `path:"id" format:"uuid" doc:"The id of the post"`
	}
	bySlugInput struct {
		Slug string `path:"slug" maxLength:"250" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*$" patternDescription:"letters, digits and hyphens" doc:"The slug of the post; upper and lower case are the same"`
	}
	byTagInput struct {
		ByTag
		web.Page
	}
	byAuthorInput struct {
		ID string `path:"id" format:"uuid" doc:"The id of the author"`
		web.Page
	}
	byMonthInput struct {
		Month string `path:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" patternDescription:"a month such as 2026-11" doc:"A month of UTC"`
		web.Page
	}
	similarInput struct {
		ByID
		web.Page
	}

	pageOutput struct{ Body page }
	// slugOutput is a page, or where it is.
	slugOutput struct {
		Status       int
		Location     string `header:"Location" doc:"Where the post is now, for the status 301"`
		CacheControl string `header:"Cache-Control"`
		Body         *page
	}
	itemsOutput struct{ Body web.Listing[Item] }
	// tagOutput is a page of the posts with a tag, or where they are.
	tagOutput struct {
		Status       int
		Location     string `header:"Location" doc:"Where the posts are now, for the status 301"`
		CacheControl string `header:"Cache-Control"`
		Body         *web.Listing[Item]
	}
)

func (h reading) byID(ctx context.Context, in *ByID) (*pageOutput, error) {
	found, err := h.posts.ByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &pageOutput{pageOf(found)}, nil
}

func (h reading) bySlug(ctx context.Context, in *bySlugInput) (*slugOutput, error) {
	found, moved, err := h.posts.BySlug(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	if moved != "" { // nobody may keep it: the post may get its former slug again
		return &slugOutput{Status: http.StatusMovedPermanently, Location: base + "/slug/" + moved, CacheControl: "no-store"}, nil
	}
	body := pageOf(found)
	return &slugOutput{Status: http.StatusOK, Body: &body}, nil
}

func (h reading) latest(ctx context.Context, in *web.Page) (*itemsOutput, error) {
	return items(h.posts.Latest(ctx, in.Cursor, in.Limit))
}

func (h reading) byTag(ctx context.Context, in *byTagInput) (*tagOutput, error) {
	found, next, moved, err := h.posts.WithTag(ctx, in.Tag, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	if moved != "" { // nobody may keep it: the tag may get its former name again
		to := base + "/list/tag/" + url.PathEscape(moved)
		return &tagOutput{Status: http.StatusMovedPermanently, Location: to, CacheControl: "no-store"}, nil
	}
	body := web.ListingOf(found, next, itemOf)
	return &tagOutput{Status: http.StatusOK, Body: &body}, nil
}

func (h reading) tags(ctx context.Context, in *web.Page) (*tagsOutput, error) {
	found, next, err := h.posts.AllTags(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &tagsOutput{web.ListingOf(found, next, tagOf)}, nil
}

func (h reading) byAuthor(ctx context.Context, in *byAuthorInput) (*itemsOutput, error) {
	return items(h.posts.By(ctx, in.ID, in.Cursor, in.Limit))
}

func (h reading) byMonth(ctx context.Context, in *byMonthInput) (*itemsOutput, error) {
	return items(h.posts.In(ctx, in.Month, in.Cursor, in.Limit))
}

func (h reading) similar(ctx context.Context, in *similarInput) (*itemsOutput, error) {
	return items(h.posts.Similar(ctx, in.ID, in.Cursor, in.Limit))
}

func items(entries []domain.Entry, next string, err error) (*itemsOutput, error) {
	if err != nil {
		return nil, err
	}
	return &itemsOutput{web.ListingOf(entries, next, itemOf)}, nil
}
