package handlers

import (
	"context"

	"stoa/pkg/identity"
	"stoa/services/backoffice/internal/domain"
)

type listDeadLettersOutput struct {
	Body struct {
		Items []domain.DeadLetter `json:"items" doc:"The dead letters, newest first"`
		Next  string              `json:"next,omitempty" doc:"The cursor of the next page; absent on the last page"`
	}
}

func (h *handlers) listDeadLetters(ctx context.Context, in *Page) (*listDeadLettersOutput, error) {
	out := &listDeadLettersOutput{}
	var err error
	out.Body.Items, out.Body.Next, err = h.letters.List(ctx, in.Cursor, in.Limit)
	return out, err
}

type deadLetterInput struct {
	ID string `path:"id" format:"uuid" doc:"The id of the dead letter"`
}

type deadLetterOutput struct{ Body domain.DeadLetter }

func (h *handlers) getDeadLetter(ctx context.Context, in *deadLetterInput) (*deadLetterOutput, error) {
	letter, err := h.letters.Get(ctx, in.ID)
	return &deadLetterOutput{Body: letter}, err
}

func (h *handlers) replayDeadLetter(ctx context.Context, in *deadLetterInput) (*deadLetterOutput, error) {
	letter, err := h.letters.Replay(ctx, in.ID, identity.CallerOf(ctx).ID)
	return &deadLetterOutput{Body: letter}, err
}

func (h *handlers) deleteDeadLetter(ctx context.Context, in *deadLetterInput) (*struct{}, error) {
	return nil, h.letters.Delete(ctx, in.ID)
}
