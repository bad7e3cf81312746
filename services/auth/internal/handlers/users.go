package handlers

import (
	"context"

	"stoa/pkg/common/web"
	"stoa/services/auth/internal/domain"
)

type usersInput struct {
	web.Page
	Email string `query:"email" format:"email" maxLength:"254" doc:"Return only the account with this address; upper and lower case are the same"`
}

func (h *handlers) listUsers(ctx context.Context, in *usersInput) (*private[web.Listing[user]], error) {
	accounts, next, err := h.accounts.List(ctx, in.Email, in.Cursor, in.Limit)
	return privately(web.ListingOf(accounts, next, userOf), err)
}

type addressInput struct {
	Email string `query:"email" required:"true" maxLength:"254"`
}

type accountID struct {
	ID string `json:"id" format:"uuid"`
}

type setRolesInput struct {
	Client
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Roles []domain.Role `json:"roles" maxItems:"10" enum:"LEARNER,AUTHOR,EDITOR,STAFF,ADMIN" doc:"All roles of the account from now on; LEARNER is always included" example:"[\"LEARNER\",\"AUTHOR\"]"`
	}
}

func (h *handlers) setRoles(ctx context.Context, in *setRolesInput) (*private[user], error) {
	account, err := h.accounts.SetRoles(ctx, in.by(ctx), in.ID, in.Body.Roles)
	return privately(userOf(account), err)
}
