package api

import (
	"context"
	"html/template"
	"net/http"
	"strconv"
	"time"
)

// Work is a post as its author and editors see it. Lists have it without its text.
type Work struct {
	ID          string       `json:"id"`
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Slug        string       `json:"slug"`
	ImgURL      string       `json:"imgUrl"`
	Tags        []string     `json:"tags"`
	Text        string       `json:"text"`
	Author      Author       `json:"author"`
	Status      string       `json:"status"`
	Version     int64        `json:"version"`
	Draft       bool         `json:"draft"` // there is one that is not submitted
	Submitted   *Submission  `json:"submitted"`
	Published   *Publication `json:"published"`
	Refusal     *PostStep    `json:"refusal"`
	History     []PostStep   `json:"history"`
	UpdatedAt   time.Time    `json:"updatedAt"`
}

// Submission is what waits for an editor, or for its time.
type Submission struct {
	At        time.Time  `json:"at"`
	PublishAt *time.Time `json:"publishAt"`
}

// Publication is what readers see.
type Publication struct {
	Slug      string    `json:"slug"`
	At        time.Time `json:"at"`
	RevisedAt time.Time `json:"revisedAt"`
}

// PostStep is what somebody did with a post.
type PostStep struct {
	Act  string    `json:"act"`
	At   time.Time `json:"at"`
	Note string    `json:"note"`
}

// Draft is what an author writes.
type Draft struct {
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Text        string   `json:"text"`
	Slug        string   `json:"slug"`
	ImgURL      string   `json:"imgUrl"`
	Tags        []string `json:"tags"`
}

// Difference is what differs between two texts.
type Difference struct {
	Added   int       `json:"added"` // words
	Removed int       `json:"removed"`
	Rows    []DiffRow `json:"rows"`
}

// DiffRow is a passage of both texts.
type DiffRow struct {
	Old []DiffSpan `json:"old"`
	New []DiffSpan `json:"new"`
}

// Same reports whether both texts have the passage.
func (r DiffRow) Same() bool {
	return len(r.Old) == 1 && len(r.New) == 1 && !r.Old[0].Changed && !r.New[0].Changed
}

// DiffSpan is a piece of a passage.
type DiffSpan struct {
	Text    string `json:"text"`
	Changed bool   `json:"changed"` // the other text does not have it
}

// Preview is what readers would get of a text.
type Preview struct {
	HTML        template.HTML `json:"html"`
	Words       int           `json:"words"`
	ReadingTime int           `json:"readingTime"`
	Changes     *Difference   `json:"changes"`
}

// Revision is what an author has submitted once.
type Revision struct {
	Revision int64     `json:"revision"`
	Title    string    `json:"title"`
	Text     string    `json:"text"` // not on lists
	At       time.Time `json:"at"`
}

const ownPosts = "/api/v1/blog/author/id"

// The lists of an author's own posts.
const (
	DraftList     = "drafts"
	SubmittedList = "submitted"
	PublishedList = "published"
)

// OwnPosts returns a page of one of the caller's lists.
func (c *Client) OwnPosts(ctx context.Context, list, cursor string) (List[Work], error) {
	return call[List[Work]](ctx, c, get(blog, "/api/v1/blog/author", list).with("cursor", cursor))
}

// OwnPost returns a post of the caller with its text.
func (c *Client) OwnPost(ctx context.Context, id string) (Work, error) {
	return call[Work](ctx, c, get(blog, ownPosts, id))
}

// BeginPost begins a post, once for each key.
func (c *Client) BeginPost(ctx context.Context, key, title string) (Work, error) {
	o := to(blog, http.MethodPost, "/api/v1/blog/author")
	o.key, o.body = key, map[string]string{"title": title}
	return call[Work](ctx, c, o)
}

// SavePost stores a draft, unless the post has another version by now: that is errs.Outdated.
func (c *Client) SavePost(ctx context.Context, id string, version int64, draft Draft) (Work, error) {
	o := to(blog, http.MethodPatch, ownPosts, id)
	o.match, o.body = versionTag(version), draft
	return call[Work](ctx, c, o)
}

// PreviewPost shows what a text would look like, and with compare what differs from the one that is stored.
func (c *Client) PreviewPost(ctx context.Context, id, text string, compare bool) (Preview, error) {
	o := to(blog, http.MethodPost, ownPosts, id)
	o.path += "/preview"
	o.body = struct {
		Text    string `json:"text"`
		Compare bool   `json:"compare"`
	}{text, compare}
	return call[Preview](ctx, c, o)
}

// SubmitPost gives this version of a draft to the editors.
func (c *Client) SubmitPost(ctx context.Context, id string, version int64) error {
	o := to(blog, http.MethodPut, "/api/v1/blog/author/submit/id", id)
	o.match = versionTag(version)
	return do(ctx, c, o)
}

// WithdrawPost takes back what is submitted.
func (c *Client) WithdrawPost(ctx context.Context, id string) error {
	return do(ctx, c, to(blog, http.MethodPut, "/api/v1/blog/author/withdraw/id", id))
}

// DeletePost deletes a post.
func (c *Client) DeletePost(ctx context.Context, id string) error {
	return do(ctx, c, to(blog, http.MethodDelete, ownPosts, id))
}

// Revisions returns a page of what the caller has submitted of a post, the latest first.
func (c *Client) Revisions(ctx context.Context, id, cursor string) (List[Revision], error) {
	o := get(blog, ownPosts, id)
	o.path += "/revisions"
	return call[List[Revision]](ctx, c, o.with("cursor", cursor))
}

// Revision returns one of them with its text.
func (c *Client) Revision(ctx context.Context, id, number string) (Revision, error) {
	return call[Revision](ctx, c, get(blog, ownPosts, id, "revisions", number))
}

// RestoreRevision makes one of them the draft.
func (c *Client) RestoreRevision(ctx context.Context, id, number string) error {
	return do(ctx, c, to(blog, http.MethodPost, ownPosts, id, "revisions", number, "restore"))
}

// versionTag is the entity tag of a version, "" for any.
func versionTag(version int64) string {
	if version == 0 {
		return ""
	}
	return `"` + strconv.FormatInt(version, 10) + `"`
}
