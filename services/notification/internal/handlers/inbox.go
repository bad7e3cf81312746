package handlers

import (
	"context"

	"stoa/pkg/identity"
	"stoa/services/notification/internal/domain"
)

type handlers struct{ inbox Inbox }

type listInput struct {
	Cursor string `query:"cursor" doc:"Where to go on: the next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most"`
}

type listOutput struct {
	Body struct {
		Items []domain.Entry `json:"items" doc:"The notifications, newest first"`
		Next  string         `json:"next,omitempty" doc:"The cursor of the next page; absent on the last"`
	}
}

func (h handlers) list(ctx context.Context, in *listInput) (*listOutput, error) {
	out := &listOutput{}
	var err error
	out.Body.Items, out.Body.Next, err = h.inbox.List(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	return out, err
}
