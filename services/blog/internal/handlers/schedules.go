package handlers

import (
	"context"

	"github.com/gorilla/mux"

	"stoa/pkg/common/web"
	"stoa/services/blog/internal/domain"
)

// Schedules adds what the sidecar calls on schedule. erase and index begin tasks that may take minutes: what authors who left have written
// is erased, and the search index is maintained. compact brings lists together that something has left.
func Schedules(
	router *mux.Router, posts *domain.Review, discussion *domain.Discussion, tags *domain.Tagging, announcing *domain.Announcing,
	erase, index func(context.Context) error, compact ...func(context.Context) error,
) {
	web.OnSchedule(router, "posts", posts.CatchUp, discussion.CatchUp, tags.CatchUp, erase)
	web.OnSchedule(router, "announcements", announcing.CatchUp)
	web.OnSchedule(router, "search", index)
	web.OnSchedule(router, "compact", compact...)
}
