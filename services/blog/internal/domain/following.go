package domain

import (
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// maxFollows is how much an account may follow.
const maxFollows = 200

// Source is what people follow: an author or a tag.
type Source struct {
	Author string `json:"author,omitempty"`
	Tag    string `json:"tag,omitempty"`
}

// Followers is the list of the accounts that follow a source.
func (s Source) Followers() string {
	if s.Author != "" {
		return "of-author:" + s.Author
	}
	return "of-tag:" + ids.Derive("tag", s.Tag)
}

// Follow is one entry of what an account follows.
type Follow struct {
	Source
	Since time.Time `json:"since"`
}

// Following is all that an account follows, the latest last: one document, so that two requests at once lose nothing.
type Following struct {
	// ID is the account.
	ID      string   `json:"id"`
	Follows []Follow `json:"follows"`
}

// Lists returns the lists that the account belongs to. This alone decides: other entries of lists are left over from earlier.
func (f *Following) Lists() []string {
	lists := make([]string, len(f.Follows))
	for i, follow := range f.Follows {
		lists[i] = follow.Followers()
	}
	return lists
}

func (f *Following) index(source Source) int {
	return slices.IndexFunc(f.Follows, func(have Follow) bool { return have.Source == source })
}

// follow adds a source, unless it is there.
func (f *Following) follow(source Source, now time.Time) error {
	switch {
	case f.index(source) >= 0:
		return nil
	case len(f.Follows) >= maxFollows:
		return errs.New(errs.Conflict, "you follow %d authors and tags already, and more are not possible", maxFollows)
	}
	f.Follows = append(f.Follows, Follow{source, now})
	return nil
}

func (f *Following) unfollow(sources ...Source) {
	f.Follows = slices.DeleteFunc(f.Follows, func(have Follow) bool { return slices.Contains(sources, have.Source) })
}

// retag replaces a tag by another, by nothing if into is "". Who follows both has followed the other since the earlier time.
func (f *Following) retag(tag, into string) {
	old := f.index(Source{Tag: tag})
	if old < 0 {
		return
	}
	f.Follows = slices.Clone(f.Follows)
	other := f.index(Source{Tag: into})
	switch {
	case into == "":
	case other < 0:
		f.Follows[old].Tag = into
	case f.Follows[old].Since.Before(f.Follows[other].Since):
		f.Follows[other].Since = f.Follows[old].Since
	}
	f.unfollow(Source{Tag: tag})
}

// followed reports whether the account has followed one of these sources since before a time.
func (f *Following) followed(sources []Source, at time.Time) bool {
	return slices.ContainsFunc(f.Follows, func(have Follow) bool {
		return !have.Since.After(at) && slices.Contains(sources, have.Source)
	})
}

// FollowStore stores what accounts follow, and the lists of followers.
type FollowStore interface {
	// Get returns nothing for an account that follows nothing.
	Get(ctx context.Context, accountID string) (Following, error)
	// Upsert changes what an account follows by a pure function. It adds the account to lists before it stores the change.
	Upsert(ctx context.Context, accountID string, change func(*Following) error) (Following, error)
	// Part and Parts are those of PostStore.
	Part(ctx context.Context, list string, n, size int64) ([]Following, error)
	Parts(ctx context.Context, list string, size int64) (int64, error)
	// Compact removes from the lists what does not belong there any more.
	Compact(ctx context.Context) error
}

// Follows is what readers do to be told of new posts.
type Follows struct {
	Stores
	texts   Texts
	authors *Authors
}

// NewFollows returns the followers in these stores.
func NewFollows(stores Stores, texts Texts) *Follows {
	return &Follows{stores, texts, NewAuthors(stores.Authors)}
}

// Followed is an entry of what an account follows. Of a tag, Author is empty.
type Followed struct {
	Follow
	Author Author
}

// FollowAuthor makes an account follow an author. It fails with errs.NotFound if there is no such account, and with errs.Invalid
// for the account itself.
func (f *Follows) FollowAuthor(ctx context.Context, by Author, id string, now time.Time) (Followed, error) {
	if id == by.ID {
		return Followed{}, errs.InvalidField("id", "is your own: you need not follow yourself")
	}
	author, err := f.Authors.Get(ctx, id)
	if err == nil && !author.known() {
		err = errs.New(errs.NotFound, "there is no such author")
	}
	if err != nil {
		return Followed{}, err
	}
	follow, err := f.follow(ctx, by, Source{Author: id}, now)
	return Followed{follow, author}, err
}

// FollowTag makes an account follow a tag that readers see; a former name is the tag of now.
func (f *Follows) FollowTag(ctx context.Context, by Author, typed string, now time.Time) (Followed, error) {
	names, err := f.current(ctx, []string{f.texts.Tag(typed)})
	if err != nil {
		return Followed{}, err
	}
	exists := false
	if len(names) > 0 { // otherwise it is being deleted
		_, exists, err = f.findTag(ctx, names[0], Tagged(names[0]))
	}
	if err == nil && !exists {
		err = NoTag()
	}
	if err != nil {
		return Followed{}, err
	}
	follow, err := f.follow(ctx, by, Source{Tag: names[0]}, now)
	return Followed{Follow: follow}, err
}

// namesOf returns a tag as it was typed, and as it is called now unless that is the same or nothing.
func (f *Follows) namesOf(ctx context.Context, typed string) ([]string, error) {
	name := f.texts.Tag(typed)
	if name == "" {
		return nil, nil
	}
	now, err := f.current(ctx, []string{name})
	return slices.Compact(append([]string{name}, now...)), err
}

// follow stores a follow. The account is told by mail, so its name and address have to be known.
func (f *Follows) follow(ctx context.Context, by Author, source Source, now time.Time) (Follow, error) {
	if err := f.authors.Meet(ctx, by); err != nil {
		return Follow{}, err
	}
	stored, err := f.Followers.Upsert(ctx, by.ID, func(all *Following) error { return all.follow(source, now) })
	if err != nil {
		return Follow{}, err
	}
	return stored.Follows[stored.index(source)], nil
}

// UnfollowAuthor ends that an account follows an author, whether that exists or not.
func (f *Follows) UnfollowAuthor(ctx context.Context, accountID, id string) error {
	return f.unfollow(ctx, accountID, func(all *Following) { all.unfollow(Source{Author: id}) })
}

// UnfollowTag ends that an account follows a tag, by any of its names.
func (f *Follows) UnfollowTag(ctx context.Context, accountID, typed string) error {
	names, err := f.namesOf(ctx, typed)
	if err != nil {
		return err
	}
	sources := make([]Source, len(names))
	for i, name := range names {
		sources[i] = Source{Tag: name}
	}
	return f.unfollow(ctx, accountID, func(all *Following) { all.unfollow(sources...) })
}

// unfollow takes away something of what an account follows, if that is anything.
func (s Stores) unfollow(ctx context.Context, accountID string, change func(*Following)) error {
	known, err := s.Followers.Get(ctx, accountID)
	if err != nil || len(known.Follows) == 0 {
		return err
	}
	_, err = s.Followers.Upsert(ctx, accountID, func(all *Following) error {
		change(all)
		return nil
	})
	return err
}

// List returns all that an account follows, the latest first.
func (f *Follows) List(ctx context.Context, accountID string) ([]Followed, error) {
	known, err := f.Followers.Get(ctx, accountID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, follow := range known.Follows {
		if follow.Source.Author != "" {
			ids = append(ids, follow.Source.Author)
		}
	}
	authors, err := f.authorsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]Followed, len(known.Follows))
	for i, follow := range known.Follows {
		entry := Followed{Follow: follow}
		if follow.Source.Author != "" {
			entry.Author = authors(follow.Source.Author)
		}
		all[len(all)-1-i] = entry
	}
	return all, nil
}
