package handlers

import (
	"context"

	"github.com/gorilla/mux"

	"stoa/pkg/common/web"
	"stoa/services/blog/internal/domain"
)

// Schedules adds what the sidecar calls on schedule. index begins the work on the search index; compact brings lists together that
// something has left.
func Schedules(
	router *mux.Router, posts *domain.Review, discussion *domain.Discussion, tags *domain.Tagging, announcing *domain.Announcing,
	erasure *domain.Erasure, index func(context.Context) error, compact ...func(context.Context) error,
) {
	web.OnSchedule(router, "posts", posts.CatchUp, discussion.CatchUp, tags.CatchUp, erasure.CatchUp)
	web.OnSchedule(router, "announcements", announcing.CatchUp)
	web.OnSchedule(router, "search", index)
	web.OnSchedule(router, "compact", compact...)
}
