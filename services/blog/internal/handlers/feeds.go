package handlers

import (
	"bytes"
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/blog/internal/domain"
)

// feeds handles requests of feed readers and search engines. They have no API key.
type feeds struct {
	posts *domain.Reading
	site  Site
}

// Site is the blog as people know it.
type Site struct {
	// URL is where the gateway is, without a slash at the end.
	URL string
	// Title is the name of the blog.
	Title string
}

// front is where the pages of the blog begin, below Site.URL.
const front = "/blog"

// to returns the absolute URL of a path of the blog.
func (s Site) to(parts ...string) string {
	address := s.URL + front
	for _, part := range parts {
		address += "/" + url.PathEscape(part)
	}
	return address
}

// page returns the URL of a post.
func (s Site) page(p domain.Post) string { return s.to(p.Published.Slug) }

// place is what a feed is about, and where it is.
type place struct {
	title, page, folder string
}

func (s Site) placeOf(f domain.Feed) place {
	switch {
	case f.Tag.Name != "":
		return place{s.Title + ": " + f.Tag.Name, s.to("tags", f.Tag.Name), s.to("tags", f.Tag.Name)}
	case f.Author.ID != "":
		return place{s.Title + ": " + nameOf(f.Author), s.to("authors", f.Author.ID), s.to("authors", f.Author.ID)}
	}
	return place{s.Title, s.to(), s.to()}
}

// nameOf returns the name of an author. Feeds need one also in the moment before it is known.
func nameOf(a domain.Author) string {
	if a.Name == "" {
		return "An author"
	}
	return a.Name
}

// urn is the id of something with a UUID, wherever the blog moves to.
func urn(id string) string { return "urn:uuid:" + id }

type (
	tagFeedInput    struct{ ByTag }
	authorFeedInput struct {
		ID string `path:"id" format:"uuid" doc:"The id of the author"`
	}
	sitemapInput struct {
		Part int64 `query:"part" minimum:"1" maximum:"50000" doc:"A part that the sitemap names; absent for the sitemap itself"`
	}

	// xmlOutput is an XML document, or where it is.
	xmlOutput struct {
		Status       int
		Location     string `header:"Location" doc:"Where the feed is now, for the status 301"`
		CacheControl string `header:"Cache-Control"`
		ContentType  string `header:"Content-Type"`
		LastModified string `header:"Last-Modified"`
		Body         []byte
	}
	// jsonOutput is a JSON feed, or where it is.
	jsonOutput struct {
		Status       int
		Location     string `header:"Location" doc:"Where the feed is now, for the status 301"`
		CacheControl string `header:"Cache-Control"`
		LastModified string `header:"Last-Modified"`
		Body         jsonFeed
	}
)

func (h feeds) atom(feed domain.Feed, moved string, err error) (*xmlOutput, error) {
	if err != nil {
		return nil, err
	}
	if moved != "" {
		return &xmlOutput{Status: http.StatusMovedPermanently, Location: front + "/tags/" + url.PathEscape(moved) + atomFile, CacheControl: "no-store"}, nil
	}
	body, err := document(h.site.atomOf(feed))
	return &xmlOutput{Status: http.StatusOK, ContentType: atomType, LastModified: httpTime(feed.Updated), Body: body}, err
}

func (h feeds) json(feed domain.Feed, moved string, err error) (*jsonOutput, error) {
	if err != nil {
		return nil, err
	}
	if moved != "" {
		return &jsonOutput{Status: http.StatusMovedPermanently, Location: front + "/tags/" + url.PathEscape(moved) + jsonFile, CacheControl: "no-store"}, nil
	}
	return &jsonOutput{Status: http.StatusOK, LastModified: httpTime(feed.Updated), Body: h.site.jsonOf(feed)}, nil
}

func (h feeds) atomOfBlog(ctx context.Context, _ *struct{}) (*xmlOutput, error) {
	feed, err := h.posts.BlogFeed(ctx)
	return h.atom(feed, "", err)
}

func (h feeds) jsonOfBlog(ctx context.Context, _ *struct{}) (*jsonOutput, error) {
	feed, err := h.posts.BlogFeed(ctx)
	return h.json(feed, "", err)
}

func (h feeds) atomOfTag(ctx context.Context, in *tagFeedInput) (*xmlOutput, error) {
	return h.atom(h.posts.TagFeed(ctx, in.Tag))
}

func (h feeds) jsonOfTag(ctx context.Context, in *tagFeedInput) (*jsonOutput, error) {
	return h.json(h.posts.TagFeed(ctx, in.Tag))
}

func (h feeds) atomOfAuthor(ctx context.Context, in *authorFeedInput) (*xmlOutput, error) {
	feed, err := h.posts.AuthorFeed(ctx, in.ID)
	return h.atom(feed, "", err)
}

func (h feeds) jsonOfAuthor(ctx context.Context, in *authorFeedInput) (*jsonOutput, error) {
	feed, err := h.posts.AuthorFeed(ctx, in.ID)
	return h.json(feed, "", err)
}

func (h feeds) sitemap(ctx context.Context, in *sitemapInput) (*xmlOutput, error) {
	posts, parts, err := []domain.Post(nil), int64(1), error(nil)
	if in.Part == 0 {
		posts, parts, err = h.posts.Sitemap(ctx)
	} else {
		posts, err = h.posts.SitemapPart(ctx, in.Part)
	}
	if err != nil {
		return nil, err
	}
	body, err := document(h.site.sitemapOf(posts, parts))
	return &xmlOutput{Status: http.StatusOK, ContentType: sitemapType, Body: body}, err
}

// document returns an XML document. Characters that XML cannot have become U+FFFD.
func document(root any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	err := xml.NewEncoder(&b).Encode(root)
	b.WriteByte('\n')
	return b.Bytes(), err
}

// httpTime is a time as headers have it.
func httpTime(at time.Time) string { return at.UTC().Format(http.TimeFormat) }

// partURL is where a part of the sitemap is. A sitemap is only about what is below its folder, so parts are beside it.
func (s Site) partURL(n int64) string { return s.to(sitemapFile) + "?part=" + strconv.FormatInt(n, 10) }

// syndicated is an operation that needs no API key, with answers of a media type; "" for the one of its body.
func syndicated(id, path, mediaType, summary string) huma.Operation {
	o := huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: front + path, Summary: summary, Tags: []string{"feeds"}, Security: web.NoKey(),
		Responses: web.Refusals(map[int]string{http.StatusTooManyRequests: ""}),
	}
	if mediaType != "" {
		document := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
		o.Responses["200"] = &huma.Response{Content: map[string]*huma.MediaType{mediaType: document}}
	}
	return web.Cacheable(maxAge, o)
}
