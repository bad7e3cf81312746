// Package handlers answers readers, commenters, authors and editors, and handles events.
package handlers

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/pkg/search"
	"stoa/services/blog/internal/domain"
)

// Title and About head the description of the API.
const (
	Title = "Blog"
	About = "Authors write posts, editors publish them, and everyone reads them and comments on them."
)

// base is where all paths begin.
const base = "/api/v1/blog"

// maxAge is how long caches may keep what readers get, so that many readers cost one read a second.
const maxAge = time.Second

// postBody and commentBody have room for the longest texts.
const postBody, commentBody = 256 << 10, 32 << 10

// The rules of inputs that no schema can express.
const (
	draftRules = "`title` or `description` has fewer than 3 letters, or characters that cannot be seen; `text` has the character U+0000; " +
		"`slug` or one of `tags[]` has no letter or digit; `imgUrl` is not a URL of the web"
	submitRules = "`title`, `description`, `text` or `tags` is missing, or `text` cannot be shown"
	slugIsTaken = "The `slug` belongs to another post"
	textRules   = "`text` has nothing that can be seen, or the character U+0000"
)

// Routes adds the operations to an API that identity.Protect guards.
func Routes(
	api huma.API, posts *domain.Reading, own *domain.Authoring, others *domain.Review, discussion *domain.Discussion,
	tags *domain.Tagging, follows *domain.Follows, index *search.Index, site Site,
) {
	readers(api, reading{posts})
	authors(api, authoring{own})
	editors(api, review{others})
	commenters(api, comments{discussion})
	moderators(api, comments{discussion})
	taggers(api, tagging{tags})
	followers(api, following{follows})
	syndication(api, feeds{posts, site})
	searches(api, finding{posts, index})
}

// readers adds what everyone may do.
func readers(api huma.API, h reading) {
	tags := []string{"reading"}
	read := func(id, path, summary string) huma.Operation {
		return web.Cacheable(maxAge, huma.Operation{OperationID: id, Method: http.MethodGet, Path: base + path, Summary: summary, Tags: tags})
	}
	huma.Register(api, read("read-post", "/id/{id}", "Read a post"), h.byID)

	// Slugs that a post had before lead to it for ever.
	bySlug := read("read-post-by-slug", "/slug/{slug}", "Read a post by the slug in its address")
	bySlug.Responses["301"] = &huma.Response{Description: "The post has another slug now"}
	huma.Register(api, bySlug, h.bySlug)

	huma.Register(api, read("list-latest-posts", "/list/latest", "List the posts, the latest first"), h.latest)

	// Former names of a tag lead to it for ever.
	huma.Register(api, moving(read("list-posts-by-tag", "/list/tag/{tag}", "List the posts with a tag, the latest first")), h.byTag)
	huma.Register(api, read("list-tags", "/tags", "List the tags, those that came into use last first"), h.tags)

	huma.Register(api, read("list-posts-by-author", "/list/author/{id}", "List the posts of an author, the latest first"), h.byAuthor)
	huma.Register(api, read("list-posts-by-month", "/list/month/{month}", "List the posts that became public in a month"), h.byMonth)
	huma.Register(api, read("list-similar-posts", "/list/similar/id/{id}", "List posts like this one, the most similar first"), h.similar)
}

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

// syndication adds what feed readers and search engines read, without an API key.
func syndication(api huma.API, h feeds) {
	huma.Register(api, syndicated("atom-feed", atomFile, atomType, "Read the latest posts as an Atom feed"), h.atomOfBlog)
	huma.Register(api, syndicated("json-feed", jsonFile, "", "Read the latest posts as a JSON feed"), h.jsonOfBlog)
	huma.Register(api, moving(syndicated("atom-feed-of-tag", "/tags/{tag}"+atomFile, atomType, "Read the latest posts with a tag as an Atom feed")), h.atomOfTag)
	huma.Register(api, moving(syndicated("json-feed-of-tag", "/tags/{tag}"+jsonFile, "", "Read the latest posts with a tag as a JSON feed")), h.jsonOfTag)
	huma.Register(api, syndicated("atom-feed-of-author", "/authors/{id}"+atomFile, atomType, "Read the latest posts of an author as an Atom feed"), h.atomOfAuthor)
	huma.Register(api, syndicated("json-feed-of-author", "/authors/{id}"+jsonFile, "", "Read the latest posts of an author as a JSON feed"), h.jsonOfAuthor)

	// With more posts than fit, it is the index of its parts.
	sitemap := syndicated("sitemap", "/"+sitemapFile, sitemapType, "Read which pages the blog has")
	sitemap.Responses["404"] = &huma.Response{Description: "There is no such part"}
	huma.Register(api, sitemap, h.sitemap)
}

// searches adds how everyone finds posts, and how staff have the index made again.
func searches(api huma.API, h finding) {
	staff, tags := identity.SignedIn(identity.Staff, identity.Admin), []string{"searching"}

	// What is not public is never found: posts decide, not the index.
	huma.Register(api, web.Cacheable(maxAge, huma.Operation{
		OperationID: "search-posts", Method: http.MethodGet, Path: base + "/search",
		Summary: "Find posts by their words, the best first", Tags: tags,
		Description: "A post matches that has all words, in any form: in its title, its description, its tags or its text. A page may be short, or empty, and have a next one.",
		Responses: web.Refusals(map[int]string{
			http.StatusUnprocessableEntity: "`q` has more than 16 words; `cursor` is that of another search",
		}),
	}), h.search)

	// It goes on after a restart, and searches find what they found before until it is done.
	huma.Register(api, huma.Operation{
		OperationID: "rebuild-post-search", Method: http.MethodPost, Path: base + "/search/rebuild", DefaultStatus: http.StatusAccepted,
		Summary: "Make the search index again", Tags: tags, Security: staff,
		Description: "While a rebuild is going on, this returns it.",
	}, h.rebuild)
	huma.Register(api, huma.Operation{
		OperationID: "watch-post-search", Method: http.MethodGet, Path: base + "/search/rebuild",
		Summary: "Show how far the latest rebuild of the search index is", Tags: tags, Security: staff,
		Responses: web.Refusals(map[int]string{http.StatusNotFound: "Nobody has asked for a rebuild"}),
	}, h.watch)
}
