// Package handlers answers readers, commenters, authors and editors, and handles events.
package handlers

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
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
	searches(api, finding{posts}, index)
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
func searches(api huma.API, h finding, index *search.Index) {
	// What is not public is never found: posts decide, not the index.
	huma.Register(api, web.Cacheable(maxAge, huma.Operation{
		OperationID: "search-posts", Method: http.MethodGet, Path: base + "/search",
		Summary: "Find posts by their words, the best first", Tags: []string{"searching"},
		Description: "A post matches that has all words, in any form: in its title, its description, its tags or its text. A page may be short, or empty, and have a next one.",
		Responses: web.Refusals(map[int]string{
			http.StatusUnprocessableEntity: "`q` has more than 16 words; `cursor` is that of another search",
		}),
	}), h.search)

	search.RebuildRoutes(api, index, "post", base+"/search/rebuild")
}
