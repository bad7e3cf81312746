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
	records, next, err := h.inbox.List(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	entry := func(r domain.Record) domain.Entry { return r.Entry }
	return &listOutput{Body: web.ListingOf(records, next, entry)}, err
}
