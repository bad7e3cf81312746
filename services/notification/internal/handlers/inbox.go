package handlers

import (
	"context"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/notification/internal/domain"
)

type handlers struct{ inbox domain.Inbox }

type listOutput struct{ Body web.Listing[domain.Entry] }

func (h handlers) list(ctx context.Context, in *web.Page) (*listOutput, error) {
	entries, next, err := h.inbox.List(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	return &listOutput{Body: web.Listing[domain.Entry]{Items: entries, Next: next}}, err
}
