package domain

import (
	"context"
	"errors"
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
	// maxAnnouncements is how many take turns, and maxEmpty how many parts without anybody to tell one step passes over.
	maxAnnouncements = 100
	maxEmpty         = 20
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
// done is stored before the next. Several processes may do this at once. An announcement that fails for a reason of its own waits for the
// next run, and holds up no other.
func (a *Announcing) CatchUp(ctx context.Context) error {
	end := time.Now().Add(announcingTime)
	running, failed := a.running(ctx)
	for len(running) > 0 && time.Now().Add(a.Pause).Before(end) {
		slices.SortStableFunc(running, func(x, y Announcement) int { return x.NextAt.Compare(y.NextAt) })
		if running[0].NextAt.After(time.Now()) {
			break // another process tells their followers
		}
		next, told, err := a.turn(ctx, running[0])
		failed = errors.Join(failed, about("announcement", running[0].ID, err))
		switch {
		case errs.Is(err, errs.Unavailable):
			return failed
		case err != nil || len(next.Lists()) == 0:
			running = running[1:]
		default:
			running[0] = next
		}
		if told {
			select {
			case <-ctx.Done():
				return errors.Join(failed, ctx.Err())
			case <-time.After(a.Pause):
			}
		}
	}
	return failed
}

// running returns the announcements that take turns, the newest if there are many.
func (a *Announcing) running(ctx context.Context) (all []Announcement, err error) {
	for cursor, more := "", true; more && len(all) < maxAnnouncements; more = cursor != "" {
		var some []Announcement
		if some, cursor, err = a.Announcements.Unfinished(ctx, cursor, maxAnnouncements); err != nil {
			return all, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// turn takes the next step of an announcement, unless another process has taken it. It returns the announcement as it is then, and whether
// somebody was told.
func (a *Announcing) turn(ctx context.Context, x Announcement) (next Announcement, told bool, err error) {
	now, err := a.Announcements.Get(ctx, x.ID)
	switch {
	case err != nil:
		return x, false, err
	case len(now.Lists()) == 0 || now.NextAt.After(time.Now()):
		return now, false, nil
	}
	next, told, err = a.step(ctx, now)
	if errors.Is(err, errMoved) {
		return now, told, nil
	}
	return next, told, err
}

// step tells the next page of followers, or finds out that there is none.
func (a *Announcing) step(ctx context.Context, x Announcement) (next Announcement, told bool, err error) {
	post, err := a.Posts.Get(ctx, x.ID)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return x, false, err
	}
	if post.Published == nil {
		next, err = a.move(ctx, x, func(stored *Announcement) { stored.Stopped = true })
		return next, false, err
	}
	place, told, err := a.tellNext(ctx, x, post)
	switch {
	case err != nil:
		return x, false, err
	case !told && place.Source == len(x.Sources):
		next, err = a.extend(ctx, x, place, post)
		return next, false, err
	}
	next, err = a.move(ctx, x, func(stored *Announcement) {
		stored.Place, stored.NextAt = place, time.Now().UTC()
		if told {
			stored.NextAt = stored.NextAt.Add(a.Pause)
		}
	})
	return next, told, err
}

// tellNext publishes the event for the next part of a list that has followers to be told, if it is not far. It returns the place after what it
// has seen.
func (a *Announcing) tellNext(ctx context.Context, x Announcement, post Post) (place Reached, told bool, err error) {
	place = x.Place
	for seen := 0; seen < maxEmpty && !told && place.Source < len(x.Sources); seen++ {
		list := x.Sources[place.Source].Followers()
		parts, err := a.Followers.Parts(ctx, list, pageSize)
		if err != nil {
			return place, false, err
		}
		if place.Part >= parts {
			place = Reached{Source: place.Source + 1}
			continue
		}
		if told, err = a.tell(ctx, x, place.Part, post, list); err != nil {
			return place, false, err
		}
		place.Part++
	}
	return place, told, nil
}

// move changes an announcement, unless it has changed since it was read.
func (a *Announcing) move(ctx context.Context, x Announcement, change func(*Announcement)) (Announcement, error) {
	return a.Announcements.Upsert(ctx, x.ID, func(stored *Announcement) error {
		if stored.Version != x.Version || stored.Place != x.Place || len(stored.Sources) != len(x.Sources) || stored.Over {
			return errMoved
		}
		change(stored)
		return nil
	})
}

// tell publishes the event for a part of a list, unless there is nobody to tell. Who follows several sources is on
// several lists: the event that comes first counts. A part is told again after a crash, by the same event, unless somebody has
// joined it meanwhile.
func (a *Announcing) tell(ctx context.Context, x Announcement, part int64, post Post, list string) (told bool, err error) {
	followers, err := a.Followers.Part(ctx, list, part, pageSize)
	if err != nil {
		return false, err
	}
	ids := []string{post.AuthorID}
	for _, f := range followers {
		if !slices.Contains(ids, f.ID) && f.followed(x.Sources, x.At) { // somebody may be listed twice
			ids = append(ids, f.ID)
		}
	}
	if len(ids) == 1 {
		return false, nil
	}
	authors, err := a.authorsOf(ctx, slices.Clone(ids))
	if err != nil {
		return false, err
	}
	var recipients []Author
	for _, id := range ids[1:] {
		if to := authors(id); to.known() {
			recipients = append(recipients, to)
		}
	}
	if len(recipients) == 0 {
		return false, nil
	}
	return true, a.bus.PublishAnnouncement(ctx, post, authors(post.AuthorID), x.At, recipients)
}

// extend looks for followers that are still to be told, after all sources have been read: tags may have changed meanwhile. If
// there are none, all have been told.
func (a *Announcing) extend(ctx context.Context, x Announcement, place Reached, post Post) (Announcement, error) {
	sources, err := a.sourcesOf(ctx, post)
	if err != nil {
		return x, err
	}
	became, err := a.became(ctx, x.Sources)
	if err != nil {
		return x, err
	}
	return a.move(ctx, x, func(stored *Announcement) {
		before := len(stored.Sources)
		stored.Place = place
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
