package api

import (
	"context"
	"html/template"
	"io"
	"net/http"
	"strings"
	"time"

	"stoa/pkg/common/errs"
)

// Examined is a post as an editor sees it.
type Examined struct {
	Work
	HTML template.HTML `json:"html"`
	// Changes are what differs from what readers see; nil if they see nothing, or the same.
	Changes *Changes `json:"changes"`
}

// Changes are the differences between what is submitted and what is published.
type Changes struct {
	Before Work `json:"before"`
	Difference
}

// Reported is a comment as editors see it.
type Reported struct {
	Comment
	Reports []CommentReport `json:"reports"`
	History []Moderation    `json:"history"`
}

// CommentReport is why a reader wants an editor to look at a comment.
type CommentReport struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Moderation is what an editor decided about a comment.
type Moderation struct {
	State  string    `json:"state"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// TagJob is a change of a tag that all posts go through.
type TagJob struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Tag     string `json:"tag"`
	Into    string `json:"into"`
	State   string `json:"state"`
	Reason  string `json:"reason"`
	Changed int    `json:"changed"`
	Left    int    `json:"left"`
}

// Over reports whether the job has ended.
func (j TagJob) Over() bool { return j.State == "done" || j.State == "refused" }

// EditorPosts returns a page of what authors have submitted, or of the published posts, the latest first.
func (c *Client) EditorPosts(ctx context.Context, list, cursor string) (List[Work], error) {
	return call[List[Work]](ctx, c, get(blog, "/api/v1/blog/editor", list).with("cursor", cursor))
}

// Examine returns a post for an editor.
func (c *Client) Examine(ctx context.Context, id string) (Examined, error) {
	return call[Examined](ctx, c, get(blog, "/api/v1/blog/editor/id", id))
}

// PublishPost publishes this version of a post at a time, or at once.
func (c *Client) PublishPost(ctx context.Context, id string, version int64, at *time.Time) error {
	o := to(blog, http.MethodPut, "/api/v1/blog/editor/publish/id", id)
	o.match = versionTag(version)
	o.body = struct {
		PublishAt *time.Time `json:"publishAt,omitempty"`
	}{at}
	return do(ctx, c, o)
}

// RefusePost gives this version of a post back to its author, with a note.
func (c *Client) RefusePost(ctx context.Context, id string, version int64, note string) error {
	o := to(blog, http.MethodPut, "/api/v1/blog/editor/refuse/id", id)
	o.match, o.body = versionTag(version), map[string]string{"note": note}
	return do(ctx, c, o)
}

// UnpublishPost takes a post away from readers.
func (c *Client) UnpublishPost(ctx context.Context, id string, version int64, note string) error {
	o := to(blog, http.MethodPut, "/api/v1/blog/editor/unpublish/id", id)
	o.match, o.body = versionTag(version), map[string]string{"note": note}
	return do(ctx, c, o)
}

// Reports returns a page of the comments that readers have reported, or, decided, of those that editors have decided about.
func (c *Client) Reports(ctx context.Context, decided bool, cursor string) (List[Reported], error) {
	state := "open"
	if decided {
		state = "decided"
	}
	return call[List[Reported]](ctx, c, get(blog, "/api/v1/blog/editor/reports").with("state", state, "cursor", cursor))
}

// ModerateComment shows a comment, hides it or removes it.
func (c *Client) ModerateComment(ctx context.Context, id, state, reason string) error {
	o := to(blog, http.MethodPut, "/api/v1/blog/editor/comments", id)
	o.body = map[string]string{"state": state, "reason": reason}
	return do(ctx, c, o)
}

// How tags are looked for by name, since they are only listed.
const manyTags, tagPages = "100", 20

// Tag returns a tag.
func (c *Client) Tag(ctx context.Context, name string) (Tag, error) {
	cursor := ""
	for range tagPages {
		page, err := c.Tags(ctx, cursor, manyTags)
		if err != nil {
			return Tag{}, err
		}
		for _, tag := range page.Items {
			if strings.EqualFold(tag.Tag, name) {
				return tag, nil
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	return Tag{}, errs.New(errs.NotFound, "there is no tag %s", name)
}

// EditTag describes a tag, and renames it if name is another one. Then it returns the id of the job that does that.
func (c *Client) EditTag(ctx context.Context, tag, name, description string) (job string, err error) {
	body := map[string]string{"description": description}
	if name != tag {
		body["name"] = name
	}
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	o := to(blog, http.MethodPut, "/api/v1/blog/editor/tags", tag)
	o.body = body
	answer, err := c.send(ctx, o)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return "", unanswered(err, blog)
	}
	location := answer.Header.Get("Location")
	return location[strings.LastIndex(location, "/")+1:], refusal(answer, raw)
}

// MergeTag replaces a tag by another one.
func (c *Client) MergeTag(ctx context.Context, tag, into string) (TagJob, error) {
	o := to(blog, http.MethodPost, "/api/v1/blog/editor/tags", tag, "merge")
	o.body = map[string]string{"into": into}
	return call[TagJob](ctx, c, o)
}

// DeleteTag takes a tag away from all posts.
func (c *Client) DeleteTag(ctx context.Context, tag string) (TagJob, error) {
	return call[TagJob](ctx, c, to(blog, http.MethodDelete, "/api/v1/blog/editor/tags", tag))
}

// TagJob returns how far a job has come.
func (c *Client) TagJob(ctx context.Context, id string) (TagJob, error) {
	return call[TagJob](ctx, c, get(blog, "/api/v1/blog/editor/jobs", id))
}
