package handlers

import (
	"context"

	"stoa/pkg/identity"
	"stoa/services/notification/internal/domain"
)

type handlers struct{ inbox domain.Inbox }

type listInput struct {
	Cursor string `query:"cursor" doc:"The next of the previous page; absent for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The most notifications to return"`
}

type listOutput struct {
	Body struct {
		Items []domain.Entry `json:"items" doc:"The notifications, newest first"`
		Next  string         `json:"next,omitempty" doc:"The cursor of the next page; absent on the last page"`
	}
}

func (h handlers) list(ctx context.Context, in *listInput) (*listOutput, error) {
	out := &listOutput{}
	var err error
	out.Body.Items, out.Body.Next, err = h.inbox.List(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	return out, err
}
