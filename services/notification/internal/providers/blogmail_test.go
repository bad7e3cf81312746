package providers

import (
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/services/notification/internal/domain"
)

// addBlog adds a notice of each kind about posts and comments.
func addBlog(t *testing.T, notices map[string]domain.Notice) {
	t.Helper()
	const site = "https://stoa.example"
	chloe := domain.Person{ID: "0198c6a0-0000-7000-8000-000000000002", Name: "Chloé", Email: "chloe@example.com"}
	post := domain.Post{
		ID: "0198c6a0-0000-7000-8000-000000000004", Title: "Clay & <Fire>", Slug: "clay-fire", Revision: 3, Author: chloe, By: chloe.ID,
		Note: "Please name your sources.\nWhich kiln was it?", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	editor := domain.Person{ID: "0198c6a0-0000-7000-8000-000000000005", Name: "Ida", Email: "ida@example.com"}
	notices["post-submitted"] = must.Get(domain.SubmittedNotices(post, []domain.Person{editor}))(t)[0]
	notices["post-refused"] = must.Get(domain.RefusedNotice(post))(t)
	post.Note = ""
	notices["post-published"] = must.Get(domain.PublishedNotice(post, site))(t)
	notices["comment-added"] = must.Get(domain.CommentNotices(domain.Comment{
		ID: "0198c6a0-0000-7000-8000-000000000006", Post: post, Author: editor, Excerpt: "Thank you!", At: post.At,
		Recipients: []domain.Person{chloe},
	}, site))(t)[0]
	notices["post-announced"] = must.Get(domain.AnnouncementNotices(domain.Event{Time: post.At}, domain.Announcement{
		Post: post, Author: editor, At: post.At, Recipients: []domain.Person{chloe},
	}, site))(t)[0]
	digest := domain.DueDigest{To: chloe, Until: post.At, At: post.At, More: true}
	for _, kind := range []string{"post-announced", "comment-added"} {
		n := notices[kind]
		digest.Items = append(digest.Items, domain.Item{Group: n.Kind.Group(), Subject: n.Subject, Text: n.Stored, Link: n.Link})
	}
	notices["daily-digest"] = must.Get(domain.DigestNotice(digest))(t)
}
