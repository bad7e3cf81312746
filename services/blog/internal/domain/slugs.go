package domain

import (
	"context"
	"fmt"
	"strings"

	"stoa/pkg/common/errs"
)

// checkSlug fails with errs.Conflict for a slug that belongs to another post.
func (w *Workflow) checkSlug(ctx context.Context, id string, slug *string) error {
	if slug == nil || *slug == "" {
		return nil
	}
	owner, err := w.Slugs.Owner(ctx, *slug)
	if err == nil && owner != "" && owner != id {
		return slugTaken(*slug)
	}
	return err
}

func slugTaken(slug string) error {
	return errs.New(errs.Conflict, "the slug %q belongs to another post", slug)
}

// reserve returns the slug that a post has from now on: what its author wants, or what it has, or one that its title makes.
func (w *Workflow) reserve(ctx context.Context, post Post, content Content) (string, error) {
	wanted := []string{content.Slug}
	if content.Slug == "" {
		wanted = slugsFor(post, w.texts.Slug(content.Title))
	}
	for _, slug := range wanted {
		if owner, err := w.Slugs.Claim(ctx, slug, post.ID); err != nil || owner == post.ID {
			return slug, err
		}
	}
	return "", slugTaken(wanted[len(wanted)-1])
}

// maxNumbered is the largest number that is tried behind the slug of a title, of which at most maxTitleSlug letters are used.
const maxNumbered, maxTitleSlug = 9, 180

// slugsFor lists the slugs that a post may have if its author wants none: the last one is its alone.
func slugsFor(post Post, title string) []string {
	if slug := post.Slug(); slug != "" {
		return []string{slug}
	}
	alone := "post-" + post.ID[len(post.ID)-12:]
	if title == "" {
		return []string{alone}
	}
	title = strings.TrimRight(title[:min(len(title), maxTitleSlug)], "-_")
	slugs := []string{title}
	for n := 2; n <= maxNumbered; n++ {
		slugs = append(slugs, fmt.Sprintf("%s-%d", title, n))
	}
	return append(slugs, title+"-"+alone)
}
