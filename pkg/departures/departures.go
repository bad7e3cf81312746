// Package departures has what services share that forget those who have deleted their account (docs/decisions/0040): the handler of
// the event that says so, tombstones that refuse what comes late, and the latest departures, for what is being stored at that moment.
package departures

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/messaging"
)

// Departure says that an account was deleted. It is the payload of account.deleted.
type Departure struct {
	// ID is the account.
	ID string    `json:"id"`
	At time.Time `json:"at,omitzero"`
	// Posts is "keep" if the published posts of the account stay.
	Posts string `json:"posts,omitempty"`
	// NotedAt is when Latest heard of it.
	NotedAt time.Time `json:"notedAt,omitzero"`
}

// Handler returns the handler of account.deleted: erase forgets the account, and may run again.
func Handler(erase func(ctx context.Context, d Departure) error) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, _ messaging.Event, d Departure) error {
		if !ids.Valid(d.ID) {
			return errs.InvalidField("id", "must be a UUID")
		}
		return erase(ctx, d)
	})
}
