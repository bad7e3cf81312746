package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

// commentBody has room for the longest comment.
const commentBody = 32 << 10

// textRules are those of comments that no schema can express.
const textRules = "`text` has nothing that can be seen, or the character U+0000"

// commenters adds what everyone with a verified address may write below posts, and how everyone reads it.
func commenters(api huma.API, h comments) {
	signedIn, verified, tags := identity.SignedIn(), identity.Verified(), []string{"comments"}

	huma.Register(api, web.Cacheable(maxAge, huma.Operation{
		OperationID: "list-comments", Method: http.MethodGet, Path: base + "/id/{id}/comments",
		Summary: "List the comments on a post, the latest first", Tags: tags,
		Description: "Those that begin threads, with the numbers of their replies; with `replyTo`, the replies to one of them.",
	}), h.list)

	huma.Register(api, web.Cacheable(maxAge, huma.Operation{
		OperationID: "read-comment", Method: http.MethodGet, Path: base + "/comments/{id}",
		Summary: "Read a comment", Tags: tags,
	}), h.read)

	// Up to ten a minute.
	huma.Register(api, huma.Operation{
		OperationID: "add-comment", Method: http.MethodPost, Path: base + "/id/{id}/comments", DefaultStatus: http.StatusCreated,
		Extensions: web.Repeatable, MaxBodyBytes: commentBody,
		Summary: "Comment on a post, or reply to a comment", Tags: tags, Security: verified,
		Description: "A repeated request with the same Idempotency-Key adds nothing and returns the comment as it is now. An account may add ten comments a minute.",
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "What `replyTo` names was hidden, removed or deleted",
			http.StatusUnprocessableEntity: textRules,
		}),
	}, h.add)

	huma.Register(api, huma.Operation{
		OperationID: "edit-comment", Method: http.MethodPatch, Path: base + "/comments/{id}", MaxBodyBytes: commentBody,
		Summary: "Change a comment of yours, within 15 minutes", Tags: tags, Security: signedIn,
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "The comment is older than 15 minutes, or was reported, hidden, removed or deleted",
			http.StatusUnprocessableEntity: textRules,
		}),
	}, h.edit)

	huma.Register(api, huma.Operation{
		OperationID: "delete-comment", Method: http.MethodDelete, Path: base + "/comments/{id}",
		Summary: "Delete a comment of yours, for good", Tags: tags, Security: signedIn,
		Responses: web.Refusals(map[int]string{http.StatusConflict: "An editor has hidden or removed it"}),
	}, h.delete)

	// One account reports a comment once, and up to ten a minute.
	huma.Register(api, huma.Operation{
		OperationID: "report-comment", Method: http.MethodPost, Path: base + "/comments/{id}/report", DefaultStatus: http.StatusNoContent,
		Summary: "Ask the editors to look at a comment", Tags: tags, Security: verified,
		Description: "A second report of the same account changes nothing.",
	}, h.report)
}

// followers adds what everyone with a verified address may follow: they are told by mail.
func followers(api huma.API, h following) {
	signedIn, verified, tags := identity.SignedIn(), identity.Verified(), []string{"following"}
	operation := func(id, method, path, summary string, who []map[string][]string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: base + "/following" + path, Summary: summary, Tags: tags, Security: who,
			Responses: web.Refusals(map[int]string{}),
		}
	}
	list := operation("list-following", http.MethodGet, "", "List what you follow, the latest first", signedIn)
	huma.Register(api, list, h.list)

	// The same request again changes nothing.
	const full = "You follow 200 authors and tags already"
	author := operation("follow-author", http.MethodPut, "/authors/{id}", "Follow an author: be told of new posts", verified)
	author.Responses = web.Refusals(map[int]string{http.StatusConflict: full, http.StatusUnprocessableEntity: "`id` is your own"})
	huma.Register(api, author, h.followAuthor)
	tag := operation("follow-tag", http.MethodPut, "/tags/{tag}", "Follow a tag: be told of new posts", verified)
	tag.Description = "A former name of a tag is the tag of now. When a tag is renamed or merged, its followers follow the new one."
	tag.Responses = web.Refusals(map[int]string{http.StatusConflict: full})
	huma.Register(api, tag, h.followTag)

	// They succeed whether there is something to end or not.
	huma.Register(api, operation("unfollow-author", http.MethodDelete, "/authors/{id}", "Follow an author no longer", signedIn), h.unfollowAuthor)
	huma.Register(api, operation("unfollow-tag", http.MethodDelete, "/tags/{tag}", "Follow a tag no longer", signedIn), h.unfollowTag)
}
