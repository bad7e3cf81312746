package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

// postBody has room for the longest text.
const postBody = 256 << 10

// The rules of posts that no schema can express.
const (
	draftRules = "`title` or `description` has fewer than 3 letters, or characters that cannot be seen; `text` has the character U+0000; " +
		"`slug` or one of `tags[]` has no letter or digit; `imgUrl` is not a URL of the web"
	submitRules = "`title`, `description`, `text` or `tags` is missing, or `text` cannot be shown"
	slugIsTaken = "The `slug` belongs to another post"
)

// authors adds what authors may do with their own posts.
func authors(api huma.API, h authoring) {
	role, tags := identity.SignedIn(identity.Author), []string{"writing"}

	// A draft may lack everything but a title.
	huma.Register(api, huma.Operation{
		OperationID: "create-post", Method: http.MethodPost, Path: base + "/author", DefaultStatus: http.StatusCreated,
		Extensions: web.Repeatable, MaxBodyBytes: postBody,
		Summary: "Begin a post", Tags: tags, Security: role,
		Description: "A repeated request with the same Idempotency-Key begins nothing and returns the post as it is now.",
		Responses:   web.Refusals(map[int]string{http.StatusConflict: slugIsTaken, http.StatusUnprocessableEntity: draftRules}),
	}, h.create)

	// Suits a page that saves while its author types.
	huma.Register(api, huma.Operation{
		OperationID: "edit-post", Method: http.MethodPatch, Path: base + "/author/id/{id}", MaxBodyBytes: postBody,
		Summary: "Change fields of a draft", Tags: tags, Security: role,
		Description: "Fields that are left out stay as they are. An edit of a post that is submitted or published begins a draft; the post stays as it is until the draft is submitted and published.",
		Responses:   web.Refusals(map[int]string{http.StatusConflict: slugIsTaken, http.StatusUnprocessableEntity: draftRules}),
	}, h.edit)

	huma.Register(api, huma.Operation{
		OperationID: "get-own-post", Method: http.MethodGet, Path: base + "/author/id/{id}",
		Summary: "Show a post of yours, with its draft", Tags: tags, Security: role,
	}, h.get)

	huma.Register(api, previewing(role, tags), h.preview)

	huma.Register(api, huma.Operation{
		OperationID: "delete-post", Method: http.MethodDelete, Path: base + "/author/id/{id}",
		Summary: "Delete a post of yours, for good", Tags: tags, Security: role,
	}, h.delete)

	// Makes a revision of the draft.
	huma.Register(api, huma.Operation{
		OperationID: "submit-post", Method: http.MethodPut, Path: base + "/author/submit/id/{id}",
		Summary: "Submit a draft to the editors", Tags: tags, Security: role,
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "There is no draft, or its slug belongs to another post by now",
			http.StatusUnprocessableEntity: submitRules,
		}),
	}, h.submit)

	huma.Register(api, huma.Operation{
		OperationID: "withdraw-post", Method: http.MethodPut, Path: base + "/author/withdraw/id/{id}",
		Summary: "Take back what you have submitted", Tags: tags, Security: role,
		Responses: web.Refusals(map[int]string{http.StatusConflict: "It is not submitted"}),
	}, h.withdraw)

	list := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: base + path, Summary: summary, Tags: tags, Security: role}
	}
	huma.Register(api, list("list-drafts", "/author/drafts", "List your drafts"), h.drafts)
	huma.Register(api, list("list-own-submissions", "/author/submitted", "List what you have submitted"), h.submitted)
	huma.Register(api, list("list-own-posts", "/author/published", "List your published posts"), h.published)
	huma.Register(api, list("list-revisions", "/author/id/{id}/revisions", "List what you have submitted of a post, the latest first"), h.revisions)
	huma.Register(api, list("get-revision", "/author/id/{id}/revisions/{revision}", "Show what you have submitted once"), h.revision)

	// The draft that it replaces becomes a revision.
	huma.Register(api, huma.Operation{
		OperationID: "restore-revision", Method: http.MethodPost, Path: base + "/author/id/{id}/revisions/{revision}/restore",
		Summary: "Make a revision your draft", Tags: tags, Security: role, DefaultStatus: http.StatusOK,
	}, h.restore)
}
