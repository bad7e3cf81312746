package handlers

import (
	"context"

	"stoa/services/auth/internal/domain"
)

type usersInput struct {
	Email  string `query:"email" maxLength:"254" doc:"Return only the account with this address; upper and lower case are the same"`
	Cursor string `query:"cursor" doc:"The next of the previous page; absent for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The most accounts to return"`
}

type usersOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Items []user `json:"items" doc:"The accounts, newest first"`
		Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last page"`
	}
}

func (h *handlers) listUsers(ctx context.Context, in *usersInput) (*usersOutput, error) {
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
		Roles []string `json:"roles" maxItems:"10" doc:"All roles of the account from now on; LEARNER is always included" example:"[\"LEARNER\",\"AUTHOR\"]"`
	}
}

type userOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         user
}

func (h *handlers) setRoles(ctx context.Context, in *setRolesInput) (*userOutput, error) {
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
