package domain

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/names"
)

// DeadLetterRepository stores dead letters. Get, Update and Delete fail with errs.NotFound if there is no such letter.
type DeadLetterRepository interface {
	// Add stores a letter, unless it is stored already.
	Add(ctx context.Context, letter DeadLetter) error
	Get(ctx context.Context, id string) (DeadLetter, error)
	// List returns a page of the letters that match, newest first; a nil match takes all.
	List(ctx context.Context, cursor string, limit int, match func(DeadLetter) bool) ([]DeadLetter, string, error)
	// LookFor calls look with all letters, some at a time, and misses none. It goes on where the call before for this account has
	// stopped.
	LookFor(ctx context.Context, accountID string, look func([]DeadLetter) error) error
	Update(ctx context.Context, id string, change func(*DeadLetter) error) (DeadLetter, error)
	Delete(ctx context.Context, id string) error
	// Compact takes deleted letters off the list.
	Compact(ctx context.Context) error
	// Leave notes that somebody has deleted their account, for longer than a broker keeps events about them.
	Leave(ctx context.Context, accountID string) error
	// Left returns those of these ids whose accounts are deleted.
	Left(ctx context.Context, ids []string) ([]string, error)
}

// DeadLetters is the repository with the replay.
type DeadLetters struct {
	DeadLetterRepository
	publisher Publisher
}

// NewDeadLetters returns the DeadLetters.
func NewDeadLetters(repository DeadLetterRepository, publisher Publisher) *DeadLetters {
	return &DeadLetters{repository, publisher}
}

// Receive stores a letter, then takes from it who has left: so it finds those who leave at the same moment, or Erase finds the
// letter.
func (d *DeadLetters) Receive(ctx context.Context, letter DeadLetter) error {
	if err := d.Add(ctx, letter); err != nil {
		return err
	}
	left, err := d.Left(ctx, names.Mentions(letter.Event.Data))
	for _, accountID := range left {
		if err == nil {
			err = d.forget(ctx, letter.ID, accountID)
		}
	}
	return err
}

// dataPage is how many documents are on a page of what is stored about somebody: all may have large orders.
const dataPage = 50

// Erase takes somebody who has deleted their account from all letters. If they are so many that its time ends, the next run goes on.
func (d *DeadLetters) Erase(ctx context.Context, accountID string) error {
	if err := d.Leave(ctx, accountID); err != nil {
		return err
	}
	return d.LookFor(ctx, accountID, func(letters []DeadLetter) error {
		for _, letter := range letters {
			if !letter.mentions(accountID) {
				continue
			}
			if err := d.forget(ctx, letter.ID, accountID); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget takes somebody from a letter, unless it was deleted.
func (d *DeadLetters) forget(ctx context.Context, id, accountID string) error {
	_, err := d.Update(ctx, id, func(letter *DeadLetter) error {
		letter.forget(accountID)
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// About returns a page of the letters that mention an account, without what tells who others are, and the cursor of the next page. A
// page may be empty.
func (d *DeadLetters) About(ctx context.Context, accountID, cursor string) ([]DeadLetter, string, error) {
	letters, next, err := d.List(ctx, cursor, dataPage, func(l DeadLetter) bool { return l.mentions(accountID) })
	for i := range letters {
		letters[i].onlyAbout(accountID)
	}
	return letters, next, err
}

// Replay publishes the event to the topic that it came from, then notes it. The new id of the event follows from the
// letter and the number of replays: two requests at once, or one that failed halfway and its repetition, publish the same
// event twice, and consumers handle it once.
func (d *DeadLetters) Replay(ctx context.Context, id, by string) (DeadLetter, error) {
	letter, err := d.Get(ctx, id)
	if err == nil {
		err = letter.CheckReplay()
	}
	if err != nil {
		return letter, err
	}
	event := letter.Event
	event.ID = ids.Derive("replay", letter.ID, strconv.Itoa(len(letter.Replays)))
	if err := d.publisher.Replay(ctx, letter.Topic, event); err != nil {
		return letter, err
	}
	replay := Replay{EventID: event.ID, By: by, At: time.Now().UTC().Truncate(time.Microsecond)}
	return d.Update(ctx, id, func(l *DeadLetter) error {
		l.MarkReplayed(replay)
		return nil
	})
}
