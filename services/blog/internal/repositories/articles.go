package repositories

import (
	"context"
	"fmt"

	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Articles implements domain.ArticleStore: two documents for each revision that was published, of which searches read the plain one.
type Articles struct {
	articles *sidecar.Documents[domain.Article]
	plain    *sidecar.Documents[plain]
	authors  *sidecar.Documents[domain.Author]
}

// plain is the text of an article without markup.
type plain struct {
	Text string `json:"text"`
}

// NewArticles returns the articles in the sidecar's store.
func NewArticles(s *sidecar.Sidecar) *Articles {
	return &Articles{
		sidecar.NewDocuments[domain.Article](s, store, "article"), sidecar.NewDocuments[plain](s, store, "plain"), authors(s),
	}
}

// Save implements domain.ArticleStore. Text that is published again gets the HTML that this build makes of it.
func (r *Articles) Save(ctx context.Context, postID string, revision int64, article domain.Article) error {
	id := numbered(postID, revision)
	_, err := r.plain.Upsert(ctx, id, func(stored *plain) error {
		stored.Text = article.Plain
		return nil
	})
	if err != nil {
		return err
	}
	_, err = r.articles.Upsert(ctx, id, func(stored *domain.Article) error {
		*stored = article
		return nil
	})
	return err
}

// plainOf returns what published posts say, by the ids of the posts.
func (r *Articles) plainOf(ctx context.Context, posts []domain.Post) (map[string]string, error) {
	ids, postIDs := make([]string, len(posts)), map[string]string{}
	for i, p := range posts {
		ids[i] = numbered(p.ID, p.Published.Revision)
		postIDs[ids[i]] = p.ID
	}
	found, err := r.plain.GetEach(ctx, ids)
	texts := make(map[string]string, len(found))
	for _, d := range found {
		texts[postIDs[d.ID]] = d.Value.Text
	}
	return texts, err
}

// Erase implements domain.ArticleStore.
func (r *Articles) Erase(ctx context.Context, postID string, revision int64) error {
	id := numbered(postID, revision)
	if err := r.plain.Remove(ctx, id); err != nil {
		return err
	}
	return r.articles.Remove(ctx, id)
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
