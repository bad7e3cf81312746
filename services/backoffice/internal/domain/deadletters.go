package domain

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/ids"
)

// DeadLetterRepository stores dead letters. Get, Update and Delete fail with errs.NotFound if there is no such letter.
type DeadLetterRepository interface {
	// Add stores a letter, unless it is stored already.
	Add(ctx context.Context, letter DeadLetter) error
	Get(ctx context.Context, id string) (DeadLetter, error)
	// List returns a page of the letters, newest first.
	List(ctx context.Context, cursor string, limit int) ([]DeadLetter, string, error)
	Update(ctx context.Context, id string, change func(*DeadLetter) error) (DeadLetter, error)
	Delete(ctx context.Context, id string) error
	// Compact takes deleted letters off the list.
	Compact(ctx context.Context) error
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
