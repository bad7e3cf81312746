package domain

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// pageSize is how many followers are told by one event. To handle it takes some 150 calls, and may take five seconds.
	pageSize = 25
	// AnnouncingPause is the time between two pages: 50 followers a second, which leaves the machine to orders.
	AnnouncingPause = 500 * time.Millisecond
	// announcingTime bounds one run. It is called every ten seconds (components/topology.yaml).
	announcingTime = 8 * time.Second
	// maxAnnouncements is how many take turns.
	maxAnnouncements = 100
)

// Announcing is how followers are told of new posts.
type Announcing struct {
	Stores
	bus Bus
	// Pause is the time between two pages.
	Pause time.Duration
}

// NewAnnouncing returns the announcing of the posts in these stores. Events go to the bus.
func NewAnnouncing(stores Stores, bus Bus) *Announcing {
	return &Announcing{stores, bus, AnnouncingPause}
}

// CatchUp tells followers, page by page, in turns: a post with few followers does not wait for one with many. What one page has
// done is stored before the next. Several processes may do this at once.
func (a *Announcing) CatchUp(ctx context.Context) error {
	end := time.Now().Add(announcingTime)
	broken := map[string]error{}
	for {
		done, err := a.turn(ctx, broken)
		if err != nil || done == nothing || time.Now().Add(a.Pause).After(end) {
			return errors.Join(append(slices.Collect(maps.Values(broken)), err)...)
		}
		if done == told {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(a.Pause):
			}
		}
	}
}

// progress is what one step has done.
type progress int

const (
	// nothing: no announcement may go on now.
	nothing progress = iota
	// looked: there was nobody to tell.
	looked
	// told: there was an event for a page of followers.
	told
)

// turn takes the next step of the announcement that has waited for longest. One that fails for a reason of its own is broken: it
// waits for the next run, and holds up no other.
func (a *Announcing) turn(ctx context.Context, broken map[string]error) (progress, error) {
	running, _, err := a.Announcements.Unfinished(ctx, "", maxAnnouncements)
	if err != nil {
		return nothing, err
	}
	slices.SortFunc(running, func(x, y Announcement) int { return x.NextAt.Compare(y.NextAt) })
	for _, x := range running {
		if x.NextAt.After(time.Now()) {
			break
		}
		if broken[x.ID] != nil {
			continue
		}
		done, err := a.step(ctx, x)
		if err == nil || errors.Is(err, errMoved) { // moved: another process goes on
			return done, nil
		}
		err = about("announcement", x.ID, err)
		if errs.Is(err, errs.Unavailable) {
			return nothing, err
		}
		broken[x.ID] = err
	}
	return nothing, nil
}

// step tells the next page of followers, or finds out that there is none.
func (a *Announcing) step(ctx context.Context, x Announcement) (progress, error) {
	post, err := a.Posts.Get(ctx, x.ID)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nothing, err
	}
	if post.Published == nil {
		return looked, a.move(ctx, x, func(stored *Announcement) { stored.Stopped = true })
	}
	if x.Place.Source == len(x.Sources) {
		return looked, a.extend(ctx, x, post)
	}
	list := x.Sources[x.Place.Source].Followers()
	parts, err := a.Followers.Parts(ctx, list, pageSize)
	if err != nil {
		return nothing, err
	}
	if x.Place.Part >= parts {
		return looked, a.move(ctx, x, func(stored *Announcement) { stored.Place = Reached{Source: x.Place.Source + 1} })
	}
	done, err := a.tell(ctx, x, post, list)
	if err != nil {
		return nothing, err
	}
	return done, a.move(ctx, x, func(stored *Announcement) {
		if stored.Place.Part++; done == told {
			stored.NextAt = time.Now().UTC().Add(a.Pause)
		}
	})
}

// move changes an announcement, unless it has changed since it was read.
func (a *Announcing) move(ctx context.Context, x Announcement, change func(*Announcement)) error {
	_, err := a.Announcements.Upsert(ctx, x.ID, func(stored *Announcement) error {
		if stored.Version != x.Version || stored.Place != x.Place || len(stored.Sources) != len(x.Sources) || stored.Over {
			return errMoved
		}
		change(stored)
		return nil
	})
	return err
}

// tell publishes the event for a part of a list, unless there is nobody to tell. Who follows several sources is on
// several lists: the event that comes first counts. A part is told again after a crash, by the same event, unless somebody has
// joined it meanwhile.
func (a *Announcing) tell(ctx context.Context, x Announcement, post Post, list string) (progress, error) {
	followers, err := a.Followers.Part(ctx, list, x.Place.Part, pageSize)
	if err != nil {
		return nothing, err
	}
	ids := []string{post.AuthorID}
	for _, f := range followers {
		if !slices.Contains(ids, f.ID) && f.followed(x.Sources, x.At) { // somebody may be listed twice
			ids = append(ids, f.ID)
		}
	}
	if len(ids) == 1 {
		return looked, nil
	}
	authors, err := a.authorsOf(ctx, slices.Clone(ids))
	if err != nil {
		return nothing, err
	}
	var recipients []Author
	for _, id := range ids[1:] {
		if to := authors(id); to.known() {
			recipients = append(recipients, to)
		}
	}
	if len(recipients) == 0 {
		return looked, nil
	}
	return told, a.bus.PublishAnnouncement(ctx, post, authors(post.AuthorID), x.At, recipients)
}

// extend looks for followers that are still to be told, after all sources have been read: tags may have changed meanwhile. If
// there are none, all have been told.
func (a *Announcing) extend(ctx context.Context, x Announcement, post Post) error {
	sources, err := a.sourcesOf(ctx, post)
	if err != nil {
		return err
	}
	became, err := a.became(ctx, x.Sources)
	if err != nil {
		return err
	}
	return a.move(ctx, x, func(stored *Announcement) {
		before := len(stored.Sources)
		stored.extend(sources, became)
		stored.Over = len(stored.Sources) == before
	})
}

// sourcesOf returns the author of a post, its tags, and the tags that are about to become one of these: their followers have not
// all been moved yet.
func (s Stores) sourcesOf(ctx context.Context, post Post) ([]Source, error) {
	sources := []Source{{Author: post.AuthorID}}
	tags, err := s.current(ctx, post.public())
	if err != nil {
		return nil, err
	}
	known, err := s.Tags.GetEach(ctx, tags)
	if err != nil {
		return nil, err
	}
	var joining []string
	for _, tag := range tags {
		sources = append(sources, Source{Tag: tag})
		joining = append(joining, known[tag].Joining...)
	}
	jobs, err := s.Jobs.GetEach(ctx, joining)
	for _, job := range jobs {
		if !job.Over() && job.Tag != "" {
			sources = append(sources, Source{Tag: job.Tag})
		}
	}
	return sources, err
}

// became returns the present names of those tags that have another one by now.
func (s Stores) became(ctx context.Context, sources []Source) (map[string]string, error) {
	became := map[string]string{}
	for _, source := range sources {
		if source.Tag == "" {
			continue
		}
		now, err := s.current(ctx, []string{source.Tag})
		if err != nil {
			return nil, err
		}
		if len(now) == 1 && now[0] != source.Tag {
			became[source.Tag] = now[0]
		}
	}
	return became, nil
}
