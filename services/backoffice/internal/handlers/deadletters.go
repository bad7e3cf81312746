package handlers

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/identity"
	"stoa/pkg/messaging"
	"stoa/services/backoffice/internal/domain"
)

type listDeadLettersOutput struct {
	Body struct {
		Items []domain.DeadLetter `json:"items" doc:"The dead letters, newest first"`
		Next  string              `json:"next,omitempty" doc:"The cursor of the next page; absent on the last"`
	}
}

func (h *Handlers) listDeadLetters(ctx context.Context, in *Page) (*listDeadLettersOutput, error) {
	out := &listDeadLettersOutput{}
	var err error
	out.Body.Items, out.Body.Next, err = h.letters.List(ctx, in.Cursor, in.Limit)
	return out, err
}

type deadLetterInput struct {
	ID string `path:"id" format:"uuid" doc:"The dead letter"`
}

type deadLetterOutput struct{ Body domain.DeadLetter }

func (h *Handlers) getDeadLetter(ctx context.Context, in *deadLetterInput) (*deadLetterOutput, error) {
	letter, err := h.letters.Get(ctx, in.ID)
	return &deadLetterOutput{Body: letter}, err
}

// replayDeadLetter publishes the event to the topic that it came from, then notes it. Its new id follows from the letter
// and the number of replays: two requests at once, or one that died in between and its repetition, publish the same
// event twice, and receivers take it for one.
func (h *Handlers) replayDeadLetter(ctx context.Context, in *deadLetterInput) (*deadLetterOutput, error) {
	letter, err := h.letters.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := letter.CheckReplay(); err != nil {
		return nil, err
	}
	e := messaging.Event(letter.Event)
	e.ID = ids.Derive("replay", letter.ID, strconv.Itoa(len(letter.Replays)))
	if err := h.publisher.Publish(ctx, letter.Topic, e); err != nil {
		return nil, err
	}
	replay := domain.Replay{EventID: e.ID, By: identity.CallerOf(ctx).ID, At: time.Now().UTC().Truncate(time.Microsecond)}
	letter, err = h.letters.Update(ctx, in.ID, func(l *domain.DeadLetter) error {
		l.MarkReplayed(replay)
		return nil
	})
	return &deadLetterOutput{Body: letter}, err
}

func (h *Handlers) deleteDeadLetter(ctx context.Context, in *deadLetterInput) (*struct{}, error) {
	return nil, h.letters.Delete(ctx, in.ID)
}
