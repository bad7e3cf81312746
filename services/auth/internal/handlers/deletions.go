package handlers

import (
	"context"

	"stoa/services/auth/internal/domain"
)

// DeletionWish is what those who delete an account decide. It is exported because huma ignores embedded types that are not.
type DeletionWish struct {
	Posts        domain.Posts `json:"posts" enum:"keep,delete" doc:"Whether published posts stay, without the name of their author, or go; drafts and what is submitted go in any case"`
	CancelOrders bool         `json:"cancelOrders,omitempty" doc:"Cancel orders that are not shipped; without it, they are in the way"`
}

func (w DeletionWish) wish() domain.DeletionWish {
	return domain.DeletionWish{Posts: w.Posts, CancelOrders: w.CancelOrders}
}

type deleteAccountInput struct {
	Client
	Body struct {
		DeletionWish
		Password string `json:"password" minLength:"1" maxLength:"100" doc:"The password of the account"`
	}
}

type deleteUserInput struct {
	Client
	ID   string `path:"id" format:"uuid"`
	Body DeletionWish
}

// deleted is the answer to those who delete an account.
type deleted struct {
	CancelledOrders []string `json:"cancelledOrders" nullable:"false" doc:"The orders that were not shipped, and are cancelled within a minute"`
}

func deletedOf(cancelled []string, err error) (*private[deleted], error) {
	if cancelled == nil {
		cancelled = []string{}
	}
	return privately(deleted{cancelled}, err)
}

func (h *handlers) deleteAccount(ctx context.Context, in *deleteAccountInput) (*private[deleted], error) {
	return deletedOf(h.deletions.DeleteOwn(ctx, in.by(ctx), in.Body.Password, in.Body.wish()))
}

func (h *handlers) deleteUser(ctx context.Context, in *deleteUserInput) (*private[deleted], error) {
	return deletedOf(h.deletions.Delete(ctx, in.by(ctx), in.ID, in.Body.wish()))
}
