package repositories

import (
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Stores returns all that the blog stores, with the index of its posts.
func Stores(s *sidecar.Sidecar, index *Index) domain.Stores {
	return domain.Stores{
		Posts: NewPosts(s), Slugs: NewSlugs(s), Revisions: NewRevisions(s), Articles: NewArticles(s), Authors: NewAuthors(s),
		Comments: NewComments(s), Paces: NewPaces(s),
		Tags: NewTags(s), Jobs: NewJobs(s), Blog: NewBlog(s), Followers: NewFollowers(s), Announcements: NewAnnouncements(s),
		Index: index,
	}
}
