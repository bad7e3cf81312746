package handlers

import (
	"context"

	"stoa/services/auth/internal/domain"
)

type usersInput struct {
	Email  string `query:"email" maxLength:"254" doc:"Only the account with this address, in any case"`
	Cursor string `query:"cursor" doc:"Where to go on: the next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most"`
}

type usersOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Items []user `json:"items" doc:"The accounts, newest first"`
		Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last"`
	}
}

func (h *Handlers) listUsers(ctx context.Context, in *usersInput) (*usersOutput, error) {
	accounts, next, err := h.accounts.List(ctx, in.Email, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &usersOutput{CacheControl: noStore}
	out.Body.Items, out.Body.Next = make([]user, len(accounts)), next
	for i, account := range accounts {
		out.Body.Items[i] = userOf(account)
	}
	return out, nil
}

type setRolesInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Roles []string `json:"roles" maxItems:"10" doc:"All that the account is to have from now on; LEARNER stays in any case" example:"[\"LEARNER\",\"AUTHOR\"]"`
	}
}

type userOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         user
}

func (h *Handlers) setRoles(ctx context.Context, in *setRolesInput) (*userOutput, error) {
	roles, err := domain.ParseRoles(in.Body.Roles)
	if err != nil {
		return nil, err
	}
	account, err := h.accounts.SetRoles(ctx, in.ID, roles)
	if err != nil {
		return nil, err
	}
	return &userOutput{CacheControl: noStore, Body: userOf(account)}, nil
}
