package handlers

import (
	"context"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/backoffice/internal/domain"
)

func (h *handlers) listDeadLetters(ctx context.Context, in *web.Page) (*listing[domain.DeadLetter], error) {
	items, next, err := h.letters.List(ctx, in.Cursor, in.Limit, nil)
	return &listing[domain.DeadLetter]{web.Listing[domain.DeadLetter]{Items: items, Next: next}}, err
}

type deadLetterInput struct {
	ID string `path:"id" format:"uuid" doc:"The id of the dead letter"`
}

type deadLetterOutput struct{ Body domain.DeadLetter }

func (h *handlers) getDeadLetter(ctx context.Context, in *deadLetterInput) (*deadLetterOutput, error) {
	letter, err := h.letters.Get(ctx, in.ID)
	return &deadLetterOutput{letter}, err
}

func (h *handlers) replayDeadLetter(ctx context.Context, in *deadLetterInput) (*deadLetterOutput, error) {
	letter, err := h.letters.Replay(ctx, in.ID, identity.CallerOf(ctx).ID)
	return &deadLetterOutput{letter}, err
}

func (h *handlers) deleteDeadLetter(ctx context.Context, in *deadLetterInput) (*struct{}, error) {
	return nil, h.letters.Delete(ctx, in.ID)
}
