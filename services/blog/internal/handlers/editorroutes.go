package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

// editors adds what editors may do with what authors have submitted.
func editors(api huma.API, h review) {
	role, tags := identity.SignedIn(identity.Editor), []string{"editing"}

	huma.Register(api, huma.Operation{
		OperationID: "review-post", Method: http.MethodGet, Path: base + "/editor/id/{id}",
		Summary: "Show what is submitted, and what differs from what readers see", Tags: tags, Security: role,
	}, h.get)

	// The first of two editors publishes it, and the other is told.
	huma.Register(api, huma.Operation{
		OperationID: "publish-post", Method: http.MethodPut, Path: base + "/editor/publish/id/{id}",
		Summary: "Publish what is submitted, now or later", Tags: tags, Security: role,
		Description: "With If-Match, what is published is what you have read.",
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "It is not submitted (any more); the problem says what happened to it",
			http.StatusUnprocessableEntity: "`publishAt` is more than a year ahead",
		}),
	}, h.publish)

	huma.Register(api, huma.Operation{
		OperationID: "refuse-post", Method: http.MethodPut, Path: base + "/editor/refuse/id/{id}",
		Summary: "Give what is submitted back to its author", Tags: tags, Security: role,
		Description: "It also takes back the approval of a post that is to be published later.",
		Responses:   web.Refusals(map[int]string{http.StatusConflict: "It is not submitted (any more)"}),
	}, h.refuse)

	huma.Register(api, huma.Operation{
		OperationID: "unpublish-post", Method: http.MethodPut, Path: base + "/editor/unpublish/id/{id}",
		Summary: "Take a post away from readers", Tags: tags, Security: role,
		Responses: web.Refusals(map[int]string{http.StatusConflict: "It is not published"}),
	}, h.unpublish)

	huma.Register(api, huma.Operation{
		OperationID: "list-submissions", Method: http.MethodGet, Path: base + "/editor/submitted",
		Summary: "List what authors have submitted, the latest first", Tags: tags, Security: role,
	}, h.submitted)

	huma.Register(api, huma.Operation{
		OperationID: "list-published", Method: http.MethodGet, Path: base + "/editor/published",
		Summary: "List the published posts, with who decided what", Tags: tags, Security: role,
	}, h.published)
}

// moderators adds what editors may do with comments.
func moderators(api huma.API, h comments) {
	role, tags := identity.SignedIn(identity.Editor), []string{"moderating"}

	huma.Register(api, huma.Operation{
		OperationID: "list-reports", Method: http.MethodGet, Path: base + "/editor/reports",
		Summary: "List the comments that readers have reported, the latest first", Tags: tags, Security: role,
	}, h.reports)

	// Who decided what, when and why is kept.
	huma.Register(api, huma.Operation{
		OperationID: "moderate-comment", Method: http.MethodPut, Path: base + "/editor/comments/{id}",
		Summary: "Hide a comment, remove it, or show it again", Tags: tags, Security: role,
		Description: "It settles the reports of the comment.",
		Responses:   web.Refusals(map[int]string{http.StatusConflict: "Its author has deleted it"}),
	}, h.moderate)
}

// taggers adds what editors may do with tags.
func taggers(api huma.API, h tagging) {
	role, tags := identity.SignedIn(identity.Editor), []string{"tags"}
	const busy = "Another job changes the tag, and the problem names it; or it is the former name of another tag"

	// Renaming takes a job, since all posts change.
	huma.Register(api, huma.Operation{
		OperationID: "edit-tag", Method: http.MethodPut, Path: base + "/editor/tags/{tag}",
		Summary: "Describe or rename a tag", Tags: tags, Security: role,
		Description: "Another `name` begins a job, which the answer 202 names. Former names lead to the tag for ever. The same request again returns the same job.",
		Responses: begins(api, web.Refusals(map[int]string{
			http.StatusConflict:            busy + "; or there is a tag of the new name, to merge into",
			http.StatusUnprocessableEntity: "`name` is the same tag, or not a tag; `description` has fewer than 3 letters, or characters that cannot be seen",
		})),
	}, h.edit)

	huma.Register(api, huma.Operation{
		OperationID: "merge-tag", Method: http.MethodPost, Path: base + "/editor/tags/{tag}/merge", DefaultStatus: http.StatusAccepted,
		Summary: "Replace a tag by another one", Tags: tags, Security: role,
		Description: "This begins a job. The same request again returns the same job.",
		Responses: web.Refusals(map[int]string{
			http.StatusConflict: busy, http.StatusUnprocessableEntity: "`into` is the same tag, or not a tag that exists",
		}),
	}, h.merge)

	huma.Register(api, huma.Operation{
		OperationID: "delete-tag", Method: http.MethodDelete, Path: base + "/editor/tags/{tag}", DefaultStatus: http.StatusAccepted,
		Summary: "Take a tag away from all posts", Tags: tags, Security: role,
		Description: "This begins a job. Afterwards, authors may use the tag again. The same request again returns the same job while it runs.",
		Responses:   web.Refusals(map[int]string{http.StatusConflict: busy}),
	}, h.remove)

	huma.Register(api, huma.Operation{
		OperationID: "watch-job", Method: http.MethodGet, Path: base + "/editor/jobs/{id}",
		Summary: "Show how far a job has come", Tags: tags, Security: role,
	}, h.watch)
}
