package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/departures"
	"stoa/pkg/messaging"
	"stoa/services/blog/internal/domain"
)

// account is the part of an event about an account that the blog needs.
type account struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Email         string    `json:"email"`
	ProfilePicURL string    `json:"profilePicUrl"`
	At            time.Time `json:"at"`
	Verified      bool      `json:"verified"`
}

// ownAddress returns the address that notices go to. One that is not verified may be a stranger's: none goes there.
func ownAddress(email string, verified bool) string {
	if !verified {
		return ""
	}
	return email
}

// Subscriptions is the table of the events that this service handles.
func Subscriptions(authors *domain.Authors, erasure *domain.Erasure) []messaging.Subscription {
	learn := messaging.Typed(func(ctx context.Context, _ messaging.Event, a account) error {
		if !ids.Valid(a.ID) {
			return errs.InvalidField("id", "must be a UUID")
		}
		return authors.Learn(ctx, domain.Author{ID: a.ID, Name: a.Name, Email: ownAddress(a.Email, a.Verified), PictureURL: a.ProfilePicURL, At: a.At})
	})
	return []messaging.Subscription{
		{Topic: "accounts", On: map[string]messaging.Handler{
			"account.registered.v1": learn,
			"account.verified.v1":   learn,
			"account.changed.v1":    learn,
		}},
		{Topic: "account-deletions", On: map[string]messaging.Handler{
			"account.deleted.v1": departures.Handler(func(ctx context.Context, d departures.Departure) error {
				return erasure.Erase(ctx, domain.Departure{AccountID: d.ID, KeepPosts: d.Posts == "keep", At: d.At})
			}),
		}},
	}
}
