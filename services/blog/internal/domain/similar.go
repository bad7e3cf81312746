package domain

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"stoa/pkg/common/errs"
)

// How many posts are compared with one in search of similar ones: of each of its tags, and of the latest.
const (
	similarByTag  = 20
	similarLatest = 60
)

// Similar returns a page of the published posts that are like this one: first those that share the most tags, and of these those
// that share the most words of title and description. It compares the latest posts of each tag, and the latest of all. It fails
// with errs.Invalid for a cursor that is not of such a list.
func (r *Reading) Similar(ctx context.Context, id, cursor string, limit int) (page []Entry, next string, err error) {
	after, err := parseRank(cursor)
	if err != nil {
		return nil, "", err
	}
	post, err := r.published(ctx, id)
	if err != nil {
		return nil, "", err
	}
	found := map[string]Post{}
	look := func(list string, limit int) error {
		posts, _, err := r.Posts.List(ctx, list, "", limit)
		for _, p := range posts {
			found[p.ID] = p
		}
		return err
	}
	err = look(Latest, similarLatest)
	for _, tag := range post.Published.Tags {
		err = cmp.Or(err, look(Tagged(tag), similarByTag))
	}
	if err != nil {
		return nil, "", err
	}
	delete(found, id)
	ranks := rankAll(post, found)
	ranks = slices.DeleteFunc(ranks, func(r rank) bool { return cursor != "" && r.compare(after) <= 0 })
	if len(ranks) > limit {
		ranks, next = ranks[:limit], ranks[limit-1].cursor()
	}
	posts := make([]Post, len(ranks))
	for i, rank := range ranks {
		posts[i] = found[rank.id]
	}
	page, err = r.withAuthors(ctx, posts)
	return page, next, err
}

// rank is the place of a post among those that are like another one. It does not depend on the others, so no post comes twice when
// some appear between two pages.
type rank struct {
	tags, words int    // that both posts have
	at          int64  // when it became public, in nanoseconds since 1970
	id          string // of the post
}

// compare orders the most similar first, and of equal ones the latest.
func (r rank) compare(other rank) int {
	return cmp.Or(other.tags-r.tags, other.words-r.words, cmp.Compare(other.at, r.at), strings.Compare(r.id, other.id))
}

func (r rank) cursor() string { return fmt.Sprintf("%d.%d.%d.%s", r.tags, r.words, r.at, r.id) }

// parseRank is the reverse of cursor. The rank of "" stands before all.
func parseRank(cursor string) (r rank, err error) {
	if cursor == "" {
		return rank{}, nil
	}
	numbers := strings.SplitN(cursor, ".", 4)
	if len(numbers) == 4 {
		tags, tagsErr := strconv.Atoi(numbers[0])
		words, wordsErr := strconv.Atoi(numbers[1])
		at, atErr := strconv.ParseInt(numbers[2], 10, 64)
		if tagsErr == nil && wordsErr == nil && atErr == nil {
			return rank{tags, words, at, numbers[3]}, nil
		}
	}
	return rank{}, errs.InvalidField("cursor", "is not a cursor of this list")
}

// rankAll returns the ranks of the posts that have something in common with one, the most similar first.
func rankAll(post Post, among map[string]Post) []rank {
	var ranks []rank
	words := wordsOf(post)
	for id, other := range among {
		r := rank{id: id, at: other.Published.At.UnixNano()}
		for _, tag := range other.Published.Tags {
			if slices.Contains(post.Published.Tags, tag) {
				r.tags++
			}
		}
		for word := range wordsOf(other) {
			if words[word] {
				r.words++
			}
		}
		if r.tags+r.words > 0 {
			ranks = append(ranks, r)
		}
	}
	slices.SortFunc(ranks, rank.compare)
	return ranks
}

// shortWord is the length in bytes of words that say nothing about a post, such as "the".
const shortWord = 3

// wordsOf returns the words of title and description, in lower case.
func wordsOf(p Post) map[string]bool {
	words := map[string]bool{}
	line := strings.ToLower(p.Published.Title + " " + p.Published.Description)
	isNoLetter := func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) }
	for _, word := range strings.FieldsFunc(line, isNoLetter) {
		if len(word) > shortWord {
			words[word] = true
		}
	}
	return words
}
