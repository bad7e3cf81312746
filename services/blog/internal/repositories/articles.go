package repositories

import (
	"context"
	"fmt"

	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Articles implements domain.ArticleStore: a document for each revision that was published.
type Articles struct {
	articles *sidecar.Documents[domain.Article]
	authors  *sidecar.Documents[domain.Author]
}

// NewArticles returns the articles in the sidecar's store.
func NewArticles(s *sidecar.Sidecar) *Articles {
	return &Articles{sidecar.NewDocuments[domain.Article](s, store, "article"), authors(s)}
}

// Save implements domain.ArticleStore. Text that is published again gets the HTML that this build makes of it.
func (r *Articles) Save(ctx context.Context, postID string, revision int64, article domain.Article) error {
	_, err := r.articles.Upsert(ctx, numbered(postID, revision), func(stored *domain.Article) error {
		*stored = article
		return nil
	})
	return err
}

// Erase implements domain.ArticleStore.
func (r *Articles) Erase(ctx context.Context, postID string, revision int64) error {
	return erase(ctx, r.articles, numbered(postID, revision))
}

// Read implements domain.ArticleStore. A published revision has an article, so one that is missing is looked for once more: see
// sidecar.FindWith.
func (r *Articles) Read(ctx context.Context, postID string, revision int64, authorID string) (domain.Article, domain.Author, error) {
	article, authors, err := sidecar.FindWith(ctx, r.articles, numbered(postID, revision), r.authors, []string{authorID})
	if err == nil && !article.Exists() {
		article, err = r.articles.Find(ctx, article.ID)
	}
	if err == nil && !article.Exists() {
		err = fmt.Errorf("the article of revision %d of the post %s is missing", revision, postID)
	}
	author := authors[authorID].Value
	author.ID = authorID
	return article.Value, author, err
}
